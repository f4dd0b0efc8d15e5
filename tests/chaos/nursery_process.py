"""`python -m tests.chaos.nursery_process`: imports what a worker imports, then forks workers.

A worker's imports take 5 s of CPU; a run that kills a hundred workers would measure little else.
A forked worker runs the same `python -m millstream_worker answers`, in a session of its own, with
nothing but the imports done before: no client, thread or connection exists at the fork.

Standard input: one JSON object a line, {"environment": {...}, "log": path}. Standard output:
{"pid"} in reply, and {"exited": pid, "code"} when one has ended. It ends when its input does.
"""

import json
import os
import runpy
import selectors
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

_IMPORTS = (
    "millstream_worker.answering.service",
    "millstream_worker.worker_process",
    "celery.apps.worker",
    "celery.concurrency.thread",
    "celery.worker.autoscale",
    "kombu.transport.redis",
)


def main() -> None:
    """Serve until the input ends."""
    for name in _IMPORTS:
        __import__(name)
    woken, waker = os.pipe()
    for end in (woken, waker):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, _note)
    _say({"ready": True})
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        rest = b""
        while True:
            for key, _ in selector.select():
                data = os.read(key.fd, 65_536)
                if key.fd == woken:
                    _tell_exits()
                    continue
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    _say({"pid": _fork(json.loads(line))})


def _note(_: int, __: FrameType | None) -> None:
    """Be there, so that the signal is not ignored."""


def _fork(order: dict[str, Any]) -> int:
    """Fork a worker; return when it leads its group, for whoever signals it signals that."""
    leads, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(leads)
        os.setsid()
        os.close(told)
        _be_a_worker(order["environment"], order["log"])
    os.close(told)
    os.read(leads, 1)  # ends when the other end is closed, also by the death of the worker
    os.close(leads)
    return pid


def _be_a_worker(environment: dict[str, str], log: str) -> NoReturn:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for path, flags, targets in (
        (os.devnull, os.O_RDONLY, (0,)),
        (log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, (1, 2)),
    ):
        opened = os.open(path, flags, 0o600)
        for target in targets:
            os.dup2(opened, target)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["millstream_worker", "answers"]
    runpy.run_module("millstream_worker", run_name="__main__")
    sys.exit()  # not reached: the module ends the process


def _tell_exits() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say({"exited": pid, "code": os.waitstatus_to_exitcode(status)})


def _say(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
