"""errors.py: the ways a command of quire ends early, each with its exit status.

The statuses are those of env(1), timeout(1) and the shell, so that scripts can tell a failure of
Quire from a status of the program.
"""

USAGE = 2
TIMED_OUT = 124
FAILED = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127
SIGNALED = 128  # plus the signal's number


class QuireError(Exception):
    """One sentence for the user. `log` are the last lines of the kernel's log, if they help."""

    def __init__(self, sentence, status=FAILED, log=()):
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.log = list(log)


class UsageError(QuireError):
    """Wrong words on the command line."""

    def __init__(self, sentence):
        super().__init__(sentence, USAGE)


class MachineError(QuireError):
    """The machine did not do what it should: a panic, a reset, no boot, a death."""


class TimeLimit(QuireError):
    """It did not end in time."""

    def __init__(self, sentence, log=()):
        super().__init__(sentence, TIMED_OUT, log)


class Stopped(BaseException):
    """A signal asks quire to end; BaseException, so that no handler of errors takes it."""

    def __init__(self, signum):
        super().__init__(signum)
        self.status = SIGNALED + signum
