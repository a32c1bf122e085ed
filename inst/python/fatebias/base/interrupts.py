"""Ctrl-C: what must not be stopped half-way runs in a thread, which Ctrl-C does not reach."""

import importlib
import threading
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

LOOK_SECONDS = 0.1  # how soon Ctrl-C is noticed while a thread is waited for

Value = TypeVar("Value")


def run_whole(work: Callable[[], Value], leave: bool = False) -> Value:
    """What work() returns, or raises. Ctrl-C meanwhile is heeded when it has ended.

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
    interrupt = None
    while not ended.is_set():
        try:
            ended.wait(LOOK_SECONDS)
        except KeyboardInterrupt as raised:
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
