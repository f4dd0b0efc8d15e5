"""The token log: a response's frames in Redis, appended by one attempt, read by many viewers."""

from millstream_contract.token_log.following import Follower, LiveBatch
from millstream_contract.token_log.log import Appended, TokenLog

__all__ = ["Appended", "Follower", "LiveBatch", "TokenLog"]
