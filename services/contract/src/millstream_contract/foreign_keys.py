"""Values of a foreign type under our keys in Redis: deleted, for all that is ours comes again."""

import logging
from collections.abc import Iterable
from typing import Final

from redis import Redis, RedisError

from millstream_contract.keys import BOARD_KINDS

logger = logging.getLogger(__name__)

_DELETE: Final = """
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == ARGV[1] or kind == 'none' then return false end
redis.call('DEL', KEYS[1])
return kind
"""


def is_wrong_type(error: RedisError) -> bool:
    """Tell whether a call failed because a key holds a value of another type."""
    return "WRONGTYPE" in str(error)


def tidy_board(redis: Redis, keys: Iterable[str]) -> None:
    """Delete those of these keys of the work board that hold something foreign.

    Ledger and heartbeats put it all back. Raises RedisError.
    """
    for key in keys:
        delete_foreign(redis, key, BOARD_KINDS[key])


def delete_foreign(redis: Redis, key: str, kind: str) -> bool:
    """Delete a key that holds anything but ``kind`` (as TYPE names it); tell whether it did.

    Raises RedisError.
    """
    found = redis.eval(_DELETE, 1, key, kind)
    if found is None:
        return False
    name = found.decode() if isinstance(found, bytes) else found
    logger.error("%r in Redis is a %s, not a %s; it is deleted", key, name, kind)
    return True
