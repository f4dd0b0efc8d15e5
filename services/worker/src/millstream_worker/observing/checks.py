"""Looking whether a server answers."""

from collections.abc import Callable

from millstream_contract.errors import ContractError


def answers(ping: Callable[[], object]) -> str:
    """Return "ok" when ``ping`` comes back, "away" when it raises that its server is."""
    try:
        ping()
    except ContractError:
        return "away"
    return "ok"
