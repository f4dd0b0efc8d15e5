import json
import subprocess
import sys

from millstream_embedded.parts import Part

SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"


def _run(part: Part) -> tuple[list[str], dict[str, str]]:
    done = subprocess.run(
        ["/bin/sh"],
        input=part.start_script(),
        env={"SHELL_SAYS": "x", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    arguments, environment = json.loads(done.stdout)
    return arguments, environment


def _part(*arguments: str, shares_environment: bool = True, **environment: str) -> Part:
    return Part(
        "part",
        [sys.executable, "-c", SHOW, *arguments],
        watch_start=lambda: lambda: True,
        shares_environment=shares_environment,
        environment=environment,
    )


def test_arguments_arrive_as_they_are() -> None:
    strange = ["a b", "50%", "#1 ; rm", "it's", '"', "$HOME", "\\", "", "é"]

    arguments, _ = _run(_part(*strange))

    assert arguments == strange


def test_a_part_gets_the_shared_environment_and_its_own() -> None:
    _, environment = _run(_part(MINE="a b"))

    assert environment["SHELL_SAYS"] == "x"
    assert environment["MINE"] == "a b"


def test_a_server_sees_nothing_of_the_shared_environment() -> None:
    _, environment = _run(_part(shares_environment=False, MINE="1"))

    assert "SHELL_SAYS" not in environment
    assert environment["MINE"] == "1"
