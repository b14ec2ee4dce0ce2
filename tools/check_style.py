#!/usr/bin/python3
"""check_style.py [ROOT]: the rules of style that clang-format cannot see. Prints file:line: what.

Every rule is a function of (path, text) in RULES; each yields (line, message) pairs.
"""

import ast
import os
import re
import sys

from source_tree import ROOT, Finding, list_files, read_text, report

FUNCTION_LINES = 70
FILE_LINES = 500
CODE_COLUMNS = 100
PROSE_COLUMNS = 120
TAB_COLUMNS = 8

C_FILES = (".c", ".h", ".S")
CODE_FILES = C_FILES + (".py", ".ld")
TEXT_FILES = CODE_FILES + (".md", ".ninja", ".txt")

# Where #include looks, so how a header is named in one; the longest first.
INCLUDE_ROOTS = ("arch/x86_64/include/", "arch/host/include/", "arch/include/", "kernel/", "boot/")

# What says that a thought was not finished, or speaks of one machine or one discussion. Written so
# that this file does not find itself.
FORBIDDEN = (
    (r"\b(TO[D]O|FIXM[E]|XX[X]|HAC[K])\b", "finish it or describe it, do not leave a marker"),
    (r"(?<![\w.])/(work|home|root)/\w", "a path of one machine"),
    (r"(?i)\b(issue|ticket|pull request|PR) #?\d+\b", "say what it is about, not its number"),
    (r"(?i)\b(this|my|our|previous) session\b", "the repository speaks of itself alone"),
)

USER_COPIES = re.compile(r"\barch_(copy_from_user|copy_to_user|clear_user)\s*\(")
USER_COPY_FILES = ("kernel/vm/user_copy.c", "arch/", "test/")


def lines_of(text):
    return text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")


def strip_comments_and_strings(text):
    """C text with comments and the insides of literals blanked; lines and columns stay."""
    literal = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    pattern = re.compile(r"/\*.*?\*/|//[^\n]*|" + literal, re.S)

    def blank(match):
        found = match.group()
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]

    return pattern.sub(blank, text)


def check_file_length(path, text):
    count = len(lines_of(text))
    if path.endswith(CODE_FILES) and count > FILE_LINES:
        yield count, f"the file has {count} lines, more than {FILE_LINES}"


def check_line_ends(path, text):
    if not path.endswith(TEXT_FILES):
        return
    for number, line in enumerate(lines_of(text), 1):
        if line.endswith("\r"):
            yield number, "carriage return at the end of the line"
        elif line != line.rstrip():
            yield number, "white space at the end of the line"
    if text and not text.endswith("\n"):
        yield len(lines_of(text)), "no newline at the end of the file"
    elif text.endswith("\n\n"):
        yield len(lines_of(text)), "empty line at the end of the file"


def check_line_length(path, text):
    if not path.endswith(TEXT_FILES):
        return
    limit = CODE_COLUMNS if path.endswith(CODE_FILES) else PROSE_COLUMNS
    for number, line in enumerate(lines_of(text), 1):
        columns = len(line.expandtabs(TAB_COLUMNS))
        # A table row or an address cannot be broken.
        if path.endswith(".md") and (line.startswith("|") or "://" in line):
            continue
        if columns > limit:
            yield number, f"{columns} columns, more than {limit}"


def check_indentation(path, text):
    """Tabs in C (a comment's asterisk may stand one column further), spaces in Python."""
    comments = {}
    if path.endswith((".c", ".h")):
        for match in re.finditer(r"/\*.*?\*/", text, re.S):
            first = text.count("\n", 0, match.start()) + 1
            comments.update(dict.fromkeys(range(first + 1, first + 1 + match.group().count("\n"))))
    for number, line in enumerate(lines_of(text), 1):
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if path.endswith((".c", ".h")):
            if number not in comments and indent.startswith(" " * TAB_COLUMNS):
                yield number, "indented with spaces; C is indented with tabs"
        elif path.endswith(".py") and "\t" in indent:
            yield number, "indented with a tab; Python is indented with spaces"


def include_name(path):
    """How the header at `path` is written in an #include."""
    for root in INCLUDE_ROOTS:
        if path.startswith(root):
            return path[len(root):]
    return path


def guard_names(path):
    """The guards that are right for a header: its path, or its name in an #include."""
    full = re.sub(r"\W", "_", path).upper()
    short = re.sub(r"\W", "_", include_name(path)).upper()
    folder = os.path.dirname(path).split("/")[0].upper()
    names = {short, full, full.replace("_INCLUDE_", "_")}
    if "/" not in include_name(path):
        # Found without a folder, as <arch_cpu.h> is, whose own name is the guard of <arch/cpu.h>.
        names |= {"QUIRE_" + short, f"{folder}_{short}", short.replace("_H", "_IMPL_H")}
    if path.startswith("arch/x86_64/"):
        names.add("X86_" + re.sub(r"\W", "_", os.path.basename(path)).upper())
    return names


def check_include_guard(path, text):
    if not path.endswith(".h"):
        return
    code = [line.strip() for line in strip_comments_and_strings(text).split("\n")]
    code = [line for line in code if line]
    match = re.match(r"#ifndef (\w+)$", code[0]) if code else None
    if not match or len(code) < 3 or code[1] != f"#define {match[1]}" or code[-1] != "#endif":
        yield 1, "no include guard around the whole header (#ifndef, #define, #endif)"
    elif match[1] not in guard_names(path):
        wanted = min(guard_names(path), key=len)
        yield 1, f"the include guard {match[1]} is not named after the path, like {wanted}"


def check_header_comment(path, text):
    """The first thing in a file says what it is: /* name.h: ... */ in C, a docstring in Python."""
    name = os.path.basename(path)
    if path.endswith(C_FILES + (".ld",)):
        if not re.match(r"/\*\s*(\*\s*)?" + re.escape(name) + r"\b[^*]*:", text):
            yield 1, f'does not start with a comment "/* {name}: what it is */"'
    elif path.endswith(".py") and text.strip() and name not in ("__init__.py", "conftest.py"):
        try:
            docstring = ast.get_docstring(ast.parse(text))
        except SyntaxError as error:
            yield error.lineno or 1, f"does not parse: {error.msg}"
            return
        if not docstring:
            yield 1, "does not start with a docstring that says what it is"


def check_function_length(path, text):
    if path.endswith((".c", ".h")):
        yield from long_c_functions(text)
    elif path.endswith(".py"):
        try:
            tree = ast.parse(text)
        except SyntaxError:
            return  # check_header_comment has said so
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                count = node.end_lineno - node.lineno + 1
                if count > FUNCTION_LINES:
                    yield node.lineno, f"{node.name} has {count} lines, more than {FUNCTION_LINES}"


def long_c_functions(text):
    """A function's body stands between braces in column 0, the only ones there by the style."""
    start = 0
    for number, line in enumerate(lines_of(text), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            count = number - start + 1
            if count > FUNCTION_LINES:
                yield start, f"the function has {count} lines, more than {FUNCTION_LINES}"
            start = 0


def check_words(path, text):
    if not path.endswith(TEXT_FILES):
        return
    for number, line in enumerate(lines_of(text), 1):
        for pattern, why in FORBIDDEN:
            match = re.search(pattern, line)
            if match:
                yield number, f'"{match.group()}": {why}'


def is_mutable_variable(declaration):
    """Is this `static` declaration at file scope a variable that can change?"""
    declaration = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", declaration)
    declaration = re.sub(r"\b[A-Z][A-Z_0-9]+\s*\([^()]*\)", "", declaration)  # ALIGNED(16)
    head = re.split(r"[=;]", declaration)[0].replace("[", " [")
    if re.search(r"\((?!\s*\*)", head.split("(*")[0]):
        return False  # a function
    if {"inline", "spinlock", "mutex"} & set(head.split()):
        return False  # a lock guards, and is not guarded
    pointer = head.rfind("*")
    return "const" not in re.findall(r"\w+", head[pointer + 1:] if pointer >= 0 else head)


def static_declarations(code):
    """(first line's index, last line's, text) of each `static` at column 0, up to its ; { or =."""
    for index, line in enumerate(code):
        if not line.startswith("static "):
            continue
        last = index
        # A structure without a name ends with the brace before the variable's.
        end = r"^}" if re.match(r"static struct( \w+)? {$", line) else r"[;{=]"
        while not re.search(end, code[last]) and last + 1 < len(code):
            last += 1
        yield index, last, re.sub(r"{.*}", "", " ".join(code[index:last + 1]))


def check_global_state(path, text):
    """A mutable global in kernel/ says, on it or above its group, which lock or owner it has."""
    if not (path.startswith("kernel/") and path.endswith(".c")):
        return
    raw = lines_of(text)
    code = lines_of(strip_comments_and_strings(text))
    explained = -2  # the last line of a group that a comment explains
    for first, last, declaration in static_declarations(code):
        if not is_mutable_variable(declaration):
            continue
        commented = any("/*" in line or "GUARDED_BY" in line for line in raw[first:last + 1])
        commented |= first > 0 and raw[first - 1].rstrip().endswith("*/")
        if commented or explained == first - 1:
            explained = last
        else:
            yield first + 1, "global state without a comment: which lock guards it, or who owns it?"


def check_user_copies(path, text):
    if not path.endswith(".c") or path.startswith(USER_COPY_FILES):
        return
    for number, line in enumerate(lines_of(strip_comments_and_strings(text)), 1):
        match = USER_COPIES.search(line)
        if match:
            name = match.group().rstrip("( ")
            yield number, f"{name} outside kernel/vm/user_copy.c: use vm/user_copy.h"


RULES = (
    check_file_length,
    check_line_ends,
    check_line_length,
    check_indentation,
    check_include_guard,
    check_header_comment,
    check_function_length,
    check_words,
    check_global_state,
    check_user_copies,
)


def check_text(path, text):
    """All findings in one file."""
    # A command has no suffix; its first line says what it is.
    python = "." not in os.path.basename(path) and text.startswith("#!/usr/bin/python3\n")
    kind = path + ".py" if python else path
    return [Finding(path, line, message) for rule in RULES for line, message in rule(kind, text)]


def check_same_guards(texts):
    """Two headers with one guard hide each other. texts: path -> text."""
    owner = {}
    for path, text in sorted(texts.items()):
        match = re.search(r"^#ifndef (\w+)$", text, re.M) if path.endswith(".h") else None
        # The machine and the host implement one contract; they are never included together.
        if not match or path.startswith("arch/host/"):
            continue
        if owner.setdefault(match[1], path) != path:
            other = owner[match[1]]
            yield Finding(path, 1, f"the include guard {match[1]} is also that of {other}")


LOCK_RANK = re.compile(r"\bRANK_(?!COUNT\b)[A-Z_]+\b")


def check_lock_order(texts):
    """docs/locking.md draws every rank of enum lock_rank, in its order."""
    header, page = "kernel/sync/spinlock.h", "docs/locking.md"
    if header not in texts or page not in texts:
        return
    body = re.search(r"enum lock_rank \{(.*?)\}", strip_comments_and_strings(texts[header]), re.S)
    tree = re.search(r"^```order\n(.*?)^```", texts[page], re.S | re.M)
    if not body or not tree:
        yield Finding(page, 1, f"no ```order block, or no enum lock_rank in {header}")
        return
    ranks, drawn = LOCK_RANK.findall(body[1]), LOCK_RANK.findall(tree[1])
    if ranks != drawn:
        line = texts[page].count("\n", 0, tree.start()) + 1
        yield Finding(page, line, f"draws {' '.join(drawn)}, but {header} has {' '.join(ranks)}")


def check_tree(root=ROOT):
    texts = {path: read_text(path, root) for path in list_files(root)}
    texts = {path: text for path, text in texts.items() if text is not None}
    findings = [found for path, text in texts.items() for found in check_text(path, text)]
    return findings + list(check_same_guards(texts)) + list(check_lock_order(texts))


if __name__ == "__main__":
    sys.exit(report(check_tree(sys.argv[1] if len(sys.argv) > 1 else ROOT), "check_style"))
