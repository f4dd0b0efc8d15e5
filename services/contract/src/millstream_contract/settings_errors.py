"""Says which environment variable is wrong when a service's settings are."""

from pydantic import ValidationError


def explain(error: ValidationError, prefix: str = "MILLSTREAM_") -> str:
    """Return one line for each wrong setting: its variable, and what is allowed."""
    lines = ["the settings are not right:"]
    for problem in error.errors():
        if not problem["loc"]:
            # Of several settings together: the message names them.
            lines.append(f"  {problem['msg'].removeprefix('Value error, ')}")
            continue
        name = str(problem["loc"][0])
        variable = name if name.isupper() else f"{prefix}{name}".upper()
        lines.append(f"  {variable}: {problem['msg']}")
    return "\n".join(lines)
