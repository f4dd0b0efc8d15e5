"""Says which environment variable is wrong when a service's settings are."""

from pydantic import ValidationError


def explain(error: ValidationError, prefix: str = "MILLSTREAM_") -> str:
    """Return one line for each wrong setting: its variable, and what is allowed."""
    lines = ["the settings are not right:"]
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "?"
        variable = name if name.isupper() else f"{prefix}{name}".upper()
        lines.append(f"  {variable}: {problem['msg']}")
    return "\n".join(lines)
