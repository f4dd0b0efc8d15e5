"""The work board: which answers wait, and which worker answers what, in Redis.

It is for finding dead workers fast. What it says can be lost at any time and is then put together
again from the ledger.
"""

from millstream_contract.work_board.board import WorkBoard
from millstream_contract.work_board.capacity import Capacity, Forecast
from millstream_contract.work_board.entries import Lease, Waiting

__all__ = ["Capacity", "Forecast", "Lease", "Waiting", "WorkBoard"]
