"""What ends a process before its time: Ctrl-C, and the signals SIGTERM and SIGUSR1.

Slurm sends SIGTERM to what it cancels or preempts, and SIGUSR1, where that is asked for, ahead of a time limit. What
must not be stopped half-way runs in a thread, which none of these reach.
"""

import _thread
import ctypes
import importlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import TypeVar

LOOK_SECONDS = 0.1  # how soon Ctrl-C is noticed while a thread is waited for
GRACE_SECONDS = 10.0  # within which a fit comes to its next save, or what it has kept is written; Slurm kills after 30
STOPS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))
SIGNALLED = 128  # a shell's exit code for a process that a signal ended: this, and the signal's number
_ACTION_BYTES = 1024  # more than the `struct sigaction` of any system has

Value = TypeVar("Value")


class Stopped(BaseException):
    """A signal has asked for the end. As with KeyboardInterrupt, who catches it puts things right and raises it again.

    number: of the signal. kept: a sentence on what is kept.
    """

    kind = "stopped"

    def __init__(self, number: int, kept: str = "What was finished is kept; run the same again."):
        super().__init__(number)
        self.number, self.kept = number, kept

    def __str__(self) -> str:
        return f"Stopped by {signal.Signals(self.number).name}. {self.kept}"

    @property
    def exit_code(self) -> int:
        return SIGNALLED + self.number


class _Stops:
    """The signal that has asked for the end, if any, and whether there is a save to wait for."""

    def __init__(self) -> None:
        self.asked, self.waits = 0, False
        self._timer: threading.Timer | None = None

    def heed(self, number: int, frame: FrameType | None = None) -> None:
        """The handler. Where a save is waited for, a second signal, or one GRACE_SECONDS later, waits no longer."""
        if self.asked or not self.waits:
            raise Stopped(number)
        self.asked = number
        self._timer = threading.Timer(GRACE_SECONDS, _thread.interrupt_main, [number])
        self._timer.daemon = True
        self._timer.start()

    def clear(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.asked, self.waits, self._timer = 0, False, None


_STOPS = _Stops()


def stop_asked() -> int:
    """Number of the signal for which a save is wanted at once, or 0."""
    return _STOPS.asked


def stop_if_asked() -> None:
    """To be called when all is saved: raises Stopped where a signal has asked for the end."""
    if _STOPS.asked:
        raise Stopped(_STOPS.asked)


@contextmanager
def heed_stops() -> Iterator[None]:
    """Within the block SIGTERM and SIGUSR1 raise Stopped; before and after it they do what they did.

    In the main thread alone, as Python has it. A signal that is ignored stays so.
    """
    restore = []
    try:
        if threading.current_thread() is threading.main_thread():
            for number in STOPS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    restore.append(_restorer(number))
                    signal.signal(number, _STOPS.heed)
        yield
    finally:
        for put_back in restore:
            put_back()


@contextmanager
def stop_at_save(save: Callable[[], str]) -> Iterator[None]:
    """Within the block a signal waits for the next `stop_if_asked()`, GRACE_SECONDS at most.

    save: writes what was kept but not written, and says what that is.
    """
    _STOPS.waits = True
    try:
        yield
        stop_if_asked()
    except Stopped as stopped:
        stopped.kept = save()
        raise
    finally:
        _STOPS.clear()


def _restorer(number: int) -> Callable[[], None]:
    """What puts the present handler of a signal back: Python's own, and one of C as R has, which Python cannot name."""
    handler, action = signal.getsignal(number) or signal.SIG_DFL, ctypes.create_string_buffer(_ACTION_BYTES)
    of_c = ctypes.CDLL(None).sigaction if os.name == "posix" else lambda *_: 0
    of_c(number, None, action)

    def put_back() -> None:
        signal.signal(number, handler)
        of_c(number, action, None)

    return put_back


def run_whole(work: Callable[[], Value], leave: bool = False) -> Value:
    """What work() returns, or raises. Ctrl-C, or another signal, meanwhile is heeded when it has ended.

    leave: at once instead, while the work goes on to its end without anybody waiting.
    """
    values: list[Value] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            values.append(work())
        except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
            errors.append(error)
        ended.set()

    ended = threading.Event()  # Thread.join() takes a thread for ended once Ctrl-C has ended the waiting
    threading.Thread(target=run, daemon=True).start()
    interrupt: BaseException | None = None
    while not ended.is_set():
        try:
            ended.wait(LOOK_SECONDS)
        except (KeyboardInterrupt, Stopped) as raised:
            if leave:
                raise
            interrupt = raised
    if errors:
        raise errors[0]
    if interrupt:
        raise interrupt
    return values[0]


def import_whole(name: str, before: Callable[[], None]) -> ModuleType:
    """Import a module after `before()`; half an import of torch or numpy cannot be taken up again in a process."""

    def work() -> ModuleType:
        with _IMPORTING:
            before()
            return importlib.import_module(name)

    return run_whole(work, leave=True)


_IMPORTING = threading.Lock()  # one that was left goes first
