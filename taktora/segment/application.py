"""The device's side of a controller: states, process data cycles, mailboxes, and what time brings."""

from __future__ import annotations

from taktora.segment import al
from taktora.segment import registers as reg
from taktora.segment.controller_options import ControllerOptions
from taktora.segment.device import ApplicationFailed, Device
from taktora.segment.events import AL_EVENT, Events
from taktora.segment.mail import MailExchange
from taktora.segment.notice import Notice
from taktora.segment.placement import mailbox_refused, process_data_refused
from taktora.segment.process_memory import ProcessMemory
from taktora.time import Nanos

__all__ = ["Application"]


class Application:
    """What runs behind one controller. Not thread-safe."""

    def __init__(
        self,
        device: Device,
        process: ProcessMemory,
        events: Events,
        notice: Notice,
        options: ControllerOptions,
    ) -> None:
        self._device = device
        self._process = process
        self._memory = process.memory
        self._events = events
        self._notice = notice
        self._mailbox_size = options.mailbox_of(device)
        self.mail = (
            None
            if device.mailbox is None
            else MailExchange(device.mailbox, process.memory, *process.managers[:2])
        )
        self.al = al.AlMachine(
            self._check, self._entered, lambda: process.has_outputs, options.patience
        )

    # --- states ---

    def requested(self, now: Nanos) -> None:
        """AL Control was written."""
        self.al.request(self._memory[reg.AL_CONTROL], now)
        self._publish()

    def fall(self, code: int, now: Nanos) -> None:
        """An error of the application: AL Status Code ``code``, and from OP down to SAFE-OP."""
        self.al.fall(code, now)
        self._publish()

    def managers_changed(self, now: Nanos) -> None:
        """SyncManagers were set: without what a state needs it cannot stay there."""
        if self.al.state >= al.SAFE_OP and (code := self._process_data_refused()):
            self.al.fall(code, now, al.PRE_OP)
        if self.al.state > al.INIT and (code := self._mailbox_refused()):
            self.al.fall(code, now, al.INIT)
        self._publish()

    def _check(self, wanted: int) -> int:
        return (
            self._mailbox_refused()
            or (wanted >= al.SAFE_OP and self._process_data_refused())
            or self._device.may_enter(wanted)
        )

    def _mailbox_refused(self) -> int:
        if self.mail is None:
            return 0
        return mailbox_refused(self._process.managers, self._mailbox_size)

    def _process_data_refused(self) -> int:
        return process_data_refused(self._process.managers, self._device)

    def _entered(self, old: int, new: int, now: Nanos) -> None:
        if self.mail is not None and al.INIT in {old, new}:
            self.mail.reset()
            self._process.show_mailboxes()
        if new < old or old < al.SAFE_OP:
            self._process.forget_outputs()
        if new == al.OP and self._process.watchdog.fed is None:
            self._process.watchdog.fed = now
        self._device.entered(new, now)
        if new == al.SAFE_OP:
            self._notice.due.add(self)

    def _publish(self) -> None:
        memory, status = self._memory, self.al.status
        if memory[reg.AL_STATUS] != status:
            memory[reg.AL_STATUS] = status
            self._events.show(AL_EVENT, on=True)
        memory[reg.AL_STATUS_CODE : reg.AL_STATUS_CODE + 2] = self.al.code.to_bytes(2, "little")
        self._notice.timers = True

    @property
    def valid_outputs(self) -> bytes | None:
        """Outputs as last written; ``None`` outside of OP, and before any were written."""
        outputs = self._process.outputs
        return None if self.al.state != al.OP or outputs is None else bytes(outputs)

    # --- time ---

    def check_time(self, now: Nanos) -> Nanos | None:
        """Do what time brings by itself; when to ask again at the latest, ``None``: never."""
        if self.al.until is not None and now >= self.al.until:
            self.al.poll(now)
            self._publish()
        watchdog, out = self._process.watchdog, self._process.out
        later = [] if self.al.until is None else [self.al.until]
        if out.active and out.watched and watchdog.timeout:
            if watchdog.expires(now) and self.al.state == al.OP:
                self.fall(al.WATCHDOG, now)
            fed = now if watchdog.fed is None else watchdog.fed
            later.append(fed + watchdog.timeout + 1)
        return min(later, default=None)

    def run(self, now: Nanos) -> None:
        """One cycle of the device: outputs to it, inputs from it.

        Raises:
            ValueError: The device gave inputs of another length than it has.
        """
        if self.al.until is not None:
            self.al.poll(now)
            self._publish()
        process = self._process
        if self.al.state < al.SAFE_OP:
            return
        try:
            inputs = self._device.exchange(self.valid_outputs, now)
        except ApplicationFailed as failed:
            self.fall(failed.code, now)
            return
        length = process.back.length if process.back.active else 0
        if len(inputs) != length:
            raise ValueError(
                f"{self._device.identity.name} gave {len(inputs)} bytes of inputs, its SyncManager "
                f"has {length}: exchange() must return whole bytes for input_bits"
            )
        process.put_inputs(inputs)

    def serve_mailbox(self, now: Nanos) -> None:
        """The device's turn at its mailboxes; in INIT it has none."""
        if self.mail is not None and self.al.state != al.INIT and self.mail.serve(now):
            self._process.show_mailboxes()
