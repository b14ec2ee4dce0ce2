"""session.py: one boot of the machine, from its start to a verdict.

The session listens to the console for signs of trouble, serves the host channel, and knows when
the jobs have ended. It gives up at once, with one sentence, when the machine can't succeed any
more.
"""

import time

from . import channel, qemu
from .console import ConsoleLog, Event, classify
from .errors import MachineError, TimeLimit
from .machine import Machine
from .options import bytes_of_memory

LAST_WORDS_SECONDS = 5  # for a panic's backtrace, and from the last verdict to power-off

LEAST_MEMORY = {"uefi": "64M", "pvh": "8M"}  # by the way of booting; the one is for the firmware


class Session:
    """Boots `config` in `folder` and runs `jobs` jobs. A context manager, like the Machine in it.

    observe(line) is called with each line of the log, before the session's own look at it;
    listen(data) with what the console sends, as it comes; record(payload) with what the kernel
    tells of page faults, if it was asked to. machine: the class of the emulator.
    """

    def __init__(self, folder, config, cmdline, streams, jobs, limit=None, observe=None,
                 listen=None, record=None, machine=Machine):
        self.streams = streams
        self.endings = []
        self.panic = None  # the reason, once the kernel has panicked
        self.log = ConsoleLog(self._line)
        self._observe = observe
        self._listen = listen
        self._record = record
        self._jobs = jobs
        self._config = config
        self._booted = False
        self._decoder = channel.FrameDecoder()
        self._limit = limit
        self._started = time.monotonic()
        self._deadline = None if limit is None else self._started + limit
        self.machine = machine(folder, config, cmdline, self._console_bytes, self._channel_bytes)
        streams.attach(self.machine, self._answer)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.streams.restore()
        self.machine.__exit__(*exception)

    def run(self):
        """Until all jobs have ended and the machine too. The endings, in order."""
        while self.machine.status is None and len(self.endings) < self._jobs:
            self.step()
        if self.machine.status is None:
            self._power_off()
        self.log.finish()
        if self.panic is not None:
            raise self._error(f"kernel panic: {self.panic}")
        if len(self.endings) < self._jobs or self.machine.status == qemu.STATUS_PANIC:
            raise self._error(self._explain_end())
        return self.endings

    def step(self, deadline=None):
        """One event, within the limit of the session. False: `deadline` came first."""
        before = time.monotonic()
        limits = [at for at in (self._deadline, deadline) if at is not None]
        waits = self.streams.waits_for_person and self.panic is None
        in_time = self.machine.step(deadline if waits else min(limits, default=None))
        if waits and self._deadline is not None:
            self._deadline += time.monotonic() - before  # a person may take their time
        elif not in_time and self._deadline is not None and time.monotonic() >= self._deadline:
            raise self._too_late()
        return in_time

    def _too_late(self):
        if self.panic is not None:
            return self._error(f"kernel panic: {self.panic}; and the machine did not end")
        where = "the program had not ended" if self._booted else "the kernel had not started"
        return TimeLimit(f"after {self._limit:g} s {where}", self.log.tail())

    def _power_off(self):
        """The verdicts are there; the machine switches itself off, or something is wrong."""
        deadline = time.monotonic() + LAST_WORDS_SECONDS
        while self.machine.status is None:
            if not self.machine.step(deadline):
                self.machine.kill()
                raise self._error("the machine did not switch itself off after the program's end")

    def _why_not_started(self):
        """Firmware and the emulator have no words for it, or odd ones."""
        least, memory = LEAST_MEMORY.get(self._config.boot), self._config.memory
        if least is None or bytes_of_memory(memory) >= bytes_of_memory(least):
            return ""
        return f": {memory} of memory is too little, {least} will do"

    def _explain_end(self):
        status = self.machine.status
        if status == qemu.STATUS_PANIC:
            return "kernel panic, and the log does not say why"
        if status == qemu.STATUS_TESTS_FAILED:
            return "in-kernel tests failed"
        if status in (0, qemu.STATUS_DONE):
            if not self._booted:
                return "the machine ended or reset before the kernel started" \
                    + self._why_not_started()
            return "the machine ended, and the program had not"
        how = f"signal {-status}" if status < 0 else f"status {status}"
        errors = self.machine.errors
        why = "" if self._booted else self._why_not_started()
        return f"QEMU ended with {how}" + (f": {errors}" if errors else "") + why

    def _error(self, sentence):
        return MachineError(sentence, log=self.log.tail())

    def _line(self, line):
        event, detail = classify(line)
        if self._observe:
            self._observe(line)
        if event is Event.BANNER and self._booted:
            raise self._error("the machine has reset: the kernel started a second time")
        if event is Event.BANNER:
            self._booted = True
        elif event is Event.PANIC and self.panic is None:
            self.panic = detail
            self._await_death()
        elif event in (Event.LOADER_FAILURE, Event.FIRMWARE_FAILURE) and not self._booted:
            raise self._error(f"the boot failed: {detail}" + self._why_not_started())

    def _await_death(self):
        """The backtrace follows; then the kernel ends the machine, if it still can."""
        last = time.monotonic() + LAST_WORDS_SECONDS
        self._deadline = last if self._deadline is None else min(last, self._deadline)

    def _console_bytes(self, data):
        if self._listen:
            self._listen(data)
        self.log.feed(data)

    def _channel_bytes(self, data):
        try:
            for kind, payload in self._decoder.feed(data):
                self._frame(kind, payload)
        except channel.ChannelError as error:
            raise self._error(f"the host channel broke: {error}") from error

    def _frame(self, kind, payload):
        if len(self.endings) == self._jobs:
            raise channel.ChannelError("a frame after the last job had ended")
        if kind == channel.REQUEST:
            self.streams.request(channel.decode_request(payload))
        elif kind == channel.FAULTS:
            if self._record is None:
                raise channel.ChannelError("page faults that nobody asked for")
            self._record(payload)
        elif kind == channel.EXIT:
            ending = channel.decode_exit(payload)
            self.endings.append(ending)
            self.streams.finish(ending)
        else:
            self.streams.output(1 if kind == channel.OUTPUT else 2, payload, self._deadline)

    def _answer(self, data):
        self.machine.send(channel.encode_input(data))
