"""What ends a process before its time: Ctrl-C, and the signals SIGTERM and SIGUSR1.

Slurm sends SIGTERM to what it cancels or preempts, and SIGUSR1, where that is asked for, ahead of a time limit. What
must not be stopped half-way runs in a thread, which none of these reach.

A signal whose Stopped gets lost is raised again: Python drops what is raised within `__del__`, or in the callback of a
weak reference ("Exception ignored in"), and where a signal comes is chance.
"""

import _thread
import ctypes
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from types import FrameType, ModuleType
from typing import NoReturn, TypeVar

LOOK_SECONDS = 0.1  # how soon Ctrl-C is noticed while a thread is waited for
REPEAT_SECONDS = 1.0  # after which a Stopped that nothing handles is raised again
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
    """The signal that has asked for the end, if any, and whether there is a save to wait for.

    asked: number of the signal for which a save is awaited. raised: the Stopped that was raised last, until it has left
    `heed_stops`.
    """

    def __init__(self) -> None:
        self.asked, self.waits = 0, False
        self.raised: Stopped | None = None
        self._turn = object()  # another one with each wait: who waited for an earlier one has waited in vain

    def heed(self, number: int, frame: FrameType | None = None) -> None:
        """The handler. Where a save is waited for, a second signal, or one GRACE_SECONDS later, waits no longer.

        While a Stopped is handled (files are put right, or a checkpoint is written) none is raised in the midst of it.
        """
        if self.waits and not self.asked and self.raised is None:
            self.asked = number
            self._send_again(number, GRACE_SECONDS)
        elif self._is_handled():
            self._send_again(number, REPEAT_SECONDS)
        else:
            self.stop(number)

    def stop(self, number: int) -> NoReturn:
        """Raise Stopped, and once more where it gets lost."""
        self._send_again(number, REPEAT_SECONDS)
        self.raised = Stopped(number)
        raise self.raised

    def wait_no_longer(self) -> None:
        """No save is waited for any more."""
        self.asked, self.waits = 0, False
        if self.raised is None:
            self._turn = object()

    def end(self) -> None:
        """Forget the signal; raises its Stopped, be it on its way or lost."""
        raised, self.raised, self._turn = self.raised, None, object()
        if raised is not None:
            raise raised

    def _is_handled(self) -> bool:
        """Does an `except` or a `finally` run for the Stopped raised last?"""
        found = sys.exception()
        while found is not None and found is not self.raised:
            found = found.__context__
        return found is not None

    def _send_again(self, number: int, seconds: float) -> None:
        """Send a signal to this process once more, unless another wait begins or none is needed meanwhile.

        Not by threading.Timer: its lock may be held where the signal has interrupted this thread.
        """
        turn = self._turn = object()

        def wait() -> None:
            time.sleep(seconds)
            if self._turn is turn:
                _thread.interrupt_main(signal.Signals(number))

        _thread.start_new_thread(wait, ())


_STOPS = _Stops()


def stop_asked() -> int:
    """Number of the signal for which a save is wanted at once, or 0."""
    return _STOPS.asked


def stop_if_asked() -> None:
    """To be called when all is saved: raises Stopped where a signal has asked for the end."""
    if _STOPS.asked:
        _STOPS.stop(_STOPS.asked)


@contextmanager
def heed_stops() -> Iterator[None]:
    """Within the block SIGTERM and SIGUSR1 raise Stopped; before and after it they do what they did.

    In the main thread alone, as Python has it. A signal that is ignored stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        with _handled(STOPS, _STOPS.heed):
            yield
    finally:
        _STOPS.end()


@contextmanager
def _handled(numbers: Iterable[int], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Within the block a handler has these signals, but those that are ignored; afterwards the former ones have them.

    In another thread than the main one nothing is done: no signal is handled there.
    """
    with ExitStack() as restore:
        if threading.current_thread() is threading.main_thread():
            for number in numbers:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    restore.callback(_restorer(number))
                    signal.signal(number, handler)
        yield


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
        _STOPS.wait_no_longer()


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
    """What work() returns, or raises. Ctrl-C, or another signal, meanwhile is heeded when it has ended, but where it
    raises.

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
    with nullcontext() if leave else _held_back():
        threading.Thread(target=run, daemon=True).start()
        while not ended.wait(LOOK_SECONDS):
            pass
        if errors:
            raise errors[0]
    return values[0]


@contextmanager
def _held_back() -> Iterator[None]:
    """Within the block Ctrl-C and the signals do nothing; at its end, unless that is an error, they are sent again."""
    noted: list[int] = []
    with _handled((signal.SIGINT, *STOPS), lambda number, frame: noted.append(number)):
        yield
    for number in dict.fromkeys(noted):
        signal.raise_signal(number)


def import_whole(name: str, before: Callable[[], None]) -> ModuleType:
    """Import a module after `before()`; half an import of torch or numpy cannot be taken up again in a process."""

    def work() -> ModuleType:
        with _IMPORTING:
            before()
            return importlib.import_module(name)

    return run_whole(work, leave=True)


_IMPORTING = threading.Lock()  # one that was left goes first
