"""What a program has loaded once it has imported something: asked of a fresh interpreter."""

import json
import subprocess
import sys
from collections.abc import Sequence

from tests.harness.environment import service_environment


def loaded_by(statements: str, names: Sequence[str]) -> list[str]:
    """Give the modules at or below ``names`` that are loaded after ``statements``."""
    script = f"import sys\n{statements}\nimport json; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=service_environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout)
    below = tuple(f"{name}." for name in names)
    return sorted(one for one in loaded if one in names or one.startswith(below))
