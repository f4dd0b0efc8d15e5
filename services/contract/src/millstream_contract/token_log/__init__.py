"""The token log: a response's frames in Redis, appended by one attempt, read by many viewers."""

from millstream_contract.token_log.appended import Appended
from millstream_contract.token_log.following import Follower, Hole, LiveBatch
from millstream_contract.token_log.log import TokenLog
from millstream_contract.token_log.reading import READ_BATCH, LogReads, Part

__all__ = [
    "READ_BATCH",
    "Appended",
    "Follower",
    "Hole",
    "LiveBatch",
    "LogReads",
    "Part",
    "TokenLog",
]
