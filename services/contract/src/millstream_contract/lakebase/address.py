"""The DATABASE_URL of a Lakebase database: by name, since its host and password come and go."""

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEME: Final = "lakebase"

_FORM: Final = (
    "must be such as lakebase:///database?instance=NAME"
    " or lakebase:///database?project=NAME&branch=NAME"
)
_PARAMETERS: Final = {"instance", "project", "branch", "user", "sslmode", "sslrootcert", "port"}
_SSLMODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class LakebaseAddress:
    """A database of a provisioned instance, or of an autoscaling project's branch.

    user: the role to log in as; None: the workspace's own name for whoever logs in there.
    sslrootcert: the file of authorities that a certificate is held against, as libpq has it.
    """

    database: str
    instance: str | None = None
    project: str | None = None
    branch: str | None = None
    user: str | None = None
    sslmode: str = "require"
    sslrootcert: str | None = None
    port: int = 5432

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a ``lakebase:`` URL. Raises ValueError, saying what is allowed."""
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        given = dict(pairs)
        database = unquote(parts.path.strip("/"))
        is_one = "instance" in given and not given.keys() & {"project", "branch"}
        is_other = "instance" not in given and {"project", "branch"} <= given.keys()
        if parts.netloc or parts.fragment or not database or not (is_one or is_other):
            raise ValueError(_FORM)
        if given.keys() - _PARAMETERS or len(given) != len(pairs) or not all(given.values()):
            raise ValueError(
                f"{_FORM}, and may have each of user, sslmode, sslrootcert and port once"
            )
        _check_sslmode(given.get("sslmode", "require"), given.get("sslrootcert"))
        return cls(database, **{**given, "port": _port(given.get("port", "5432"))})  # type: ignore[arg-type]  # checked above


def _check_sslmode(sslmode: str, authorities: str | None) -> None:
    if sslmode not in _SSLMODES:
        raise ValueError(f"sslmode must be one of {', '.join(_SSLMODES)}, not {sslmode!r}")
    if sslmode.startswith("verify") and authorities is None:
        raise ValueError(
            f"sslmode={sslmode} needs sslrootcert, the file of those to trust,"
            " such as /etc/ssl/certs/ca-certificates.crt"
        )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"port must be a number from 1 to 65535, not {text!r}")
    return int(text)
