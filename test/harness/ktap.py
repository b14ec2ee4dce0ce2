"""ktap.py: reading test results in KTAP, version 1 (the kernel's Test Anything Protocol).

Lines that are not KTAP are a log, as the format allows; so are time stamps before KTAP's words.
"""

import re
from dataclasses import dataclass, field

STAMP = re.compile(r"^\[ *\d+\.\d+\] ")
PLAN = re.compile(r"^(\d+)\.\.(\d+)$")
CASE = re.compile(r"^(ok|not ok) (\d+)(?: -)? ?([^#]*?)(?: # ?(\w+) ?(.*))?$")


@dataclass
class KtapCase:
    name: str
    passed: bool
    skipped: bool = False
    log: list = field(default_factory=list)  # lines since the case before


@dataclass
class KtapReport:
    planned: int = None
    cases: list = field(default_factory=list)

    @property
    def failures(self):
        return [case for case in self.cases if not case.passed]

    def problems(self):
        """Sentences about what is wrong: failed cases, and cases that never came."""
        found = [f"{case.name} failed:\n" + "\n".join(f"    {line}" for line in case.log)
                 for case in self.failures]
        if self.planned is None:
            found.append("there is no plan (1..N)")
        elif self.planned != len(self.cases):
            found.append(f"{self.planned} tests were planned, and {len(self.cases)} reported")
        if not self.cases:
            found.append("there is no test")
        return found


def parse_ktap(lines):
    """A KtapReport of top-level cases."""
    report = KtapReport()
    log = []
    for line in lines:
        text = STAMP.sub("", line.rstrip())
        if match := PLAN.match(text):
            report.planned = int(match[2])
        elif match := CASE.match(text):
            name, directive = match[3].strip(), (match[4] or "").upper()
            report.cases.append(KtapCase(name, match[1] == "ok", directive == "SKIP", log))
            log = []
        else:
            log.append(text)
    return report
