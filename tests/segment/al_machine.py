"""The EtherCAT state machine as its table says, beside a segment that is to do the same."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from taktora.segment.controller_options import ControllerOptions

from .bench import MS, Bench, Probe

INIT, PRE_OP, BOOT, SAFE_OP, OP = 1, 2, 3, 4, 8
PATIENCE = 50 * MS
TIMEOUT = 100 * MS

TABLE: dict[int, dict[int, str]] = {
    INIT: {INIT: "stay", PRE_OP: "up", BOOT: "no boot", SAFE_OP: "no", OP: "no"},
    PRE_OP: {INIT: "down", PRE_OP: "stay", BOOT: "no", SAFE_OP: "up", OP: "no"},
    SAFE_OP: {INIT: "down", PRE_OP: "down", BOOT: "no", SAFE_OP: "stay", OP: "up"},
    OP: {INIT: "down", PRE_OP: "down", BOOT: "no", SAFE_OP: "down", OP: "stay"},
}
"""From, to: what is done about it."""

GOOD = {0: (0x1000, 64, 0x26), 1: (0x1040, 64, 0x22), 2: (0x1100, 2, 0x64), 3: (0x1400, 2, 0x20)}
"""Start, length and control of the SyncManagers that the device needs."""

WRONG = [
    (0x1000, 0, 0x26),  # off
    (0x1000, 31, 0x26),
    (0x1000, 65, 0x26),
    (0x1000, 64, 0x22),
    (0x1020, 64, 0x26),  # reaches into the next mailbox
    (0x0F00 - 64, 64, 0x26),
    (0x1100, 3, 0x64),
    (0x1100, 2, 0x66),
    (0x1100, 2, 0x60),
    (0x1400, 1, 0x20),
    (0x1400, 2, 0x24),
]


class AlMachineModel(RuleBasedStateMachine):
    """Requests, SyncManagers, outputs, time, refusals of the device, errors of its own."""

    strict = True

    @initialize()
    def begin(self) -> None:
        self.device = Probe(16, 16, mailbox=True)
        patience = PATIENCE if self.strict else None
        self.bench = Bench([self.device], ControllerOptions(patience=patience))
        self.state, self.error, self.code = INIT, False, 0
        self.managers: dict[int, tuple[int, int, int]] = {}
        self.refuses = 0
        self.outputs_valid = False
        self.waits: int | None = None
        self.fed: int | None = None

    # --- what the standard says ---

    def mailbox_code(self) -> int:
        """What is wrong with the mailboxes, by what is allowed."""
        starts = []
        for number, control in ((0, 0x26), (1, 0x22)):
            start, length, has = self.managers.get(number, (0, 0, 0))
            if has & 0x0F != control & 0x0F or not 32 <= length <= 64 or start < 0x0F00:
                return 0x16
            starts.append(range(start, start + length))
        return 0x16 if set(starts[0]) & set(starts[1]) else 0

    def data_code(self) -> int:
        """What is wrong with the process data, by what is allowed."""
        for number, control, code in ((2, 0x04, 0x1D), (3, 0x00, 0x1E)):
            _, length, has = self.managers.get(number, (0, 0, 0))
            if length != 2 or has & 0x0F != control:
                return code
        areas = [range(s, s + n) for s, n, _ in self.managers.values() if n]
        if 4 in self.managers or any(one.start < 0x0F00 for one in areas):
            return 0x17
        every = [place for one in areas for place in one]
        return 0x17 if len(every) != len(set(every)) else 0

    def lowered(self, state: int) -> None:
        self.state, self.waits = state, None
        self.outputs_valid, self.fed = False, None

    def settle_time(self) -> None:
        now = self.bench.now
        if self.waits is not None and now >= self.waits:
            self.waits, self.error, self.code = None, True, 0x19
        watched = self.managers.get(2, (0, 0, 0))
        if self.fed is not None and watched[1] and watched[2] & 0x40 and now - self.fed > TIMEOUT:
            self.fed = None
            if self.state == OP:
                self.lowered(SAFE_OP)
                self.error, self.code = True, 0x1B

    # --- what may happen ---

    @rule(control=st.integers(0, 31))
    def request(self, control: int) -> None:
        self.bench.request(control)
        wanted = control & 0x0F
        if self.waits is not None and wanted == OP:
            return
        if self.error:
            if not control & 0x10 and wanted != INIT:
                return
            self.error, self.code = False, 0
        self.waits = None
        doing = TABLE[self.state].get(wanted, "unknown")
        refusals = {"unknown": 0x12, "no": 0x11, "no boot": 0x13}
        if doing in refusals:
            self.error, self.code = True, refusals[doing]
        elif doing == "stay":
            self.code = 0
        elif doing == "down":
            self.lowered(wanted)
            self.code = 0
        else:
            code = self.mailbox_code()
            if not code and wanted != PRE_OP:
                code = self.data_code()
            code = code or self.refuses
            if code:
                self.error, self.code = True, code
            elif wanted == OP and self.strict and not self.outputs_valid:
                self.waits = self.bench.now + PATIENCE
            else:
                self.state, self.code = wanted, 0
                if wanted == SAFE_OP:
                    self.outputs_valid, self.fed = False, None
                if wanted == OP and self.fed is None:
                    self.fed = self.bench.now

    @rule(state=st.sampled_from([INIT, PRE_OP, SAFE_OP, OP]))
    def go(self, state: int) -> None:
        """Step by step with acknowledgements, as masters do: deep states are reached often."""
        for one in (INIT, PRE_OP, SAFE_OP, OP):
            if one <= state:
                self.request(0x10 | one)

    @rule()
    def configure(self) -> None:
        for number in GOOD:
            self.set_manager(number, GOOD[number])

    @rule(number=st.integers(0, 4), one=st.sampled_from([*WRONG, *GOOD.values()]))
    def set_any(self, number: int, one: tuple[int, int, int]) -> None:
        if number == 4 and one[1]:
            one = (0x3000, 2, 0x24)
        self.set_manager(number, one)

    def set_manager(self, number: int, one: tuple[int, int, int]) -> None:
        self.bench.set_manager(number, *one)
        self.managers.pop(number, None)
        self.managers_changed()
        if one[1]:
            self.managers[number] = one
            self.managers_changed()

    def managers_changed(self) -> None:
        if self.state >= SAFE_OP and (code := self.data_code()):
            self.lowered(PRE_OP)
            self.error, self.code = True, code
        if self.state > INIT and (code := self.mailbox_code()):
            self.lowered(INIT)
            self.error, self.code = True, code

    @rule(code=st.sampled_from([0, 0, 0x0050, 0x0020]))
    def device_refuses(self, code: int) -> None:
        self.device.refuses = self.refuses = code

    @rule()
    def write_outputs(self) -> None:
        start, length, control = self.managers.get(2, (0, 0, 0))
        if not length or control & 0x0F != 0x04 or self.overlapped(2):
            return
        assert self.bench.write(1, start, bytes(length)) == 1
        self.outputs_valid = True
        if control & 0x40:
            self.fed = self.bench.now
        if self.waits is not None:
            self.waits = None
            self.state, self.code = OP, 0
            if self.fed is None:
                self.fed = self.bench.now

    def overlapped(self, number: int) -> bool:
        start, length, _ = self.managers[number]
        return any(
            start < s + n and s < start + length
            for other, (s, n, _) in self.managers.items()
            if other != number
        )

    @rule(millis=st.sampled_from([1, 10, 49, 50, 51, 99, 100, 101]))
    def time_passes(self, millis: int) -> None:
        self.bench.now += millis * MS
        self.settle_time()

    @rule(code=st.sampled_from([0x0001, 0x0051]))
    def error_of_its_own(self, code: int) -> None:
        self.bench.segment.al_error(1, code, self.bench.now)
        self.waits = None
        if self.state == OP:
            self.lowered(SAFE_OP)
        self.error, self.code = True, code

    # --- what is always so ---

    @invariant()
    def state_and_code_are_what_the_table_says(self) -> None:
        if not hasattr(self, "bench"):
            return
        expected = (self.state | (0x10 if self.error else 0), self.code)
        assert self.bench.state() == expected
        told: list[Any] = self.device.states
        assert (told[-1] if told else INIT) == self.state


class LaxMachineModel(AlMachineModel):
    """OP is entered without valid outputs."""

    strict = False
