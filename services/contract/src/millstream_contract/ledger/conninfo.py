"""How a new connection finds PostgreSQL: by DATABASE_URL as it is, or by a name that it holds."""

import os
from collections.abc import Callable

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from millstream_contract.lakebase import (
    SCHEME,
    LakebaseAddress,
    LakebaseConninfo,
    Workspace,
    WorkspaceLogin,
)

_CONNECT_SECONDS = 5


def conninfo_of(database_url: str) -> Callable[[], str]:
    """Return what gives the connection string for each connection that is made.

    A ``lakebase:`` URL needs the login that the Databricks SDK's variables say. Raises ValueError
    for a URL that is none, or a login that is missing.
    """
    if is_lakebase(database_url):
        address = LakebaseAddress.parse(database_url)
        source = LakebaseConninfo(address, Workspace(WorkspaceLogin.of(os.environ)))
        return lambda: make_conninfo(source(), connect_timeout=_CONNECT_SECONDS)
    given = conninfo_to_dict(database_url)
    fixed = make_conninfo(
        database_url, connect_timeout=given.get("connect_timeout", _CONNECT_SECONDS)
    )
    return lambda: fixed


def is_lakebase(database_url: str) -> bool:
    """Tell whether the URL names a Lakebase database."""
    return database_url.startswith(f"{SCHEME}:")
