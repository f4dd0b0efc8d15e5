import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.harness.deadlines import DeadlinePassed, eventually
from tests.harness.environment import unmeasured_environment
from tests.harness.processes import ROOT, ProcessFailed, ServerProcess

# A signal that Python handles, and that comes right before `pause`, does not end the pause: these
# leave it to the system, and are started without the handler that measuring brings.
POLITE = "import signal; print('ready', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN);" + POLITE
PARENT = (
    "import subprocess, sys, signal;"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']);"
    "print('child', child.pid, flush=True); signal.pause()"
)


def python(program: str) -> ServerProcess:
    return ServerProcess.start("program", [sys.executable, "-c", program], unmeasured_environment())


def test_a_printed_line_is_waited_for_and_a_stop_ends_the_process() -> None:
    process = python(POLITE)

    process.wait_for_line("^ready$")
    process.stop()

    assert process.exit_code == -signal.SIGTERM


def test_a_process_that_ends_instead_of_printing_fails_with_its_output() -> None:
    process = python("print('no such table'); raise SystemExit(3)")

    with pytest.raises(ProcessFailed, match="no such table"):
        process.wait_for_line("ready")

    assert process.wait_for_exit() == 3


def test_a_line_that_does_not_come_ends_the_wait() -> None:
    process = python(POLITE)
    process.wait_for_line("ready")

    with pytest.raises(DeadlinePassed, match="to print 'never'"):
        process.wait_for_line("never", seconds=0.05)

    process.stop()


def test_a_process_that_does_not_end_on_sigterm_fails_and_is_gone() -> None:
    process = python(STUBBORN)
    process.wait_for_line("ready")

    with pytest.raises(DeadlinePassed, match="to end"):
        process.stop(seconds=0.1)

    assert not psutil.pid_exists(process.pid)


def test_a_wrong_exit_code_fails_the_stop() -> None:
    process = python(
        "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {15});"
        "print('ready', flush=True); signal.sigwait({15}); sys.exit(4)"
    )
    process.wait_for_line("ready")

    with pytest.raises(ProcessFailed, match="exit code 4"):
        process.stop()


def test_a_process_that_ended_unasked_fails_the_stop() -> None:
    process = python("print('ready')")
    eventually("its end", lambda: process.exit_code is not None)

    with pytest.raises(ProcessFailed, match="ended before"):
        process.stop()


def test_a_killed_process_needs_no_stop() -> None:
    process = python(POLITE)
    process.wait_for_line("ready")

    process.kill()
    process.kill()
    process.stop()

    assert process.exit_code == -signal.SIGKILL


def test_children_left_behind_fail_the_stop_and_are_gone() -> None:
    process = python(PARENT)
    child = int(process.wait_for_line(r"child (\d+)")[1])

    with pytest.raises(DeadlinePassed, match="children of program"):
        process.stop()

    eventually("the child to be gone", lambda: not _lives(child))


def test_a_kill_reaches_the_children() -> None:
    process = python(PARENT)
    child = int(process.wait_for_line(r"child (\d+)")[1])

    process.kill()

    eventually("the child to be gone", lambda: not _lives(child))


def test_a_paused_process_goes_on_when_resumed() -> None:
    process = python(POLITE)
    process.wait_for_line("ready")

    process.pause()
    eventually("it to stand", lambda: psutil.Process(process.pid).status() == "stopped")
    process.resume()

    process.stop()


def test_what_a_killed_test_run_has_started_is_ended_by_the_warden() -> None:
    program = (
        "import os, signal, sys\n"
        "from tests.harness.processes import ServerProcess\n"
        f"started = ServerProcess.start('p', [sys.executable, '-c', {POLITE!r}])\n"
        "started.wait_for_line('ready')\n"
        "print(started.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False
    )

    orphan = int(run.stdout)
    assert run.returncode == -signal.SIGKILL
    eventually("the orphan to be gone", lambda: not _lives(orphan))


def test_what_a_killed_test_run_has_written_is_removed_by_the_warden(tmp_path: Path) -> None:
    kept, left = tmp_path / "kept", tmp_path / "left"
    for directory in (kept, left):
        (directory / "data").mkdir(parents=True)
        (directory / "data" / "file").write_text("something")
    program = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from tests.harness import warden\n"
        f"kept, left = Path({str(kept)!r}), Path({str(left)!r})\n"
        "warden.entrust_directory(kept)\n"
        "warden.entrust_directory(left)\n"
        "warden.take_back_directory(kept)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)

    eventually("the directory to be gone", lambda: not left.exists())
    assert (kept / "data" / "file").exists()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
