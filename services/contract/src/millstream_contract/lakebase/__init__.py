"""PostgreSQL as Databricks Lakebase: found by name, entered with minted tokens.

Over plain HTTP and for every service alike: the API's image carries no Databricks package.
"""

from millstream_contract.lakebase.address import SCHEME, LakebaseAddress
from millstream_contract.lakebase.conninfo import LakebaseConninfo
from millstream_contract.lakebase.workspace import Workspace, WorkspaceLogin

__all__ = ["SCHEME", "LakebaseAddress", "LakebaseConninfo", "Workspace", "WorkspaceLogin"]
