"""Every Redis key and channel of Millstream.

``millstream:{<response id>}:log``: stream
    The token log. An entry is one SSE frame; its id is ``<attempt>-<sequence number + 1>``.
    Lives LOG_TTL_SECONDS after the last append. Written by the API (the first two frames, as
    attempt 0), then by the worker that holds the attempt.
``millstream:{<response id>}:state``: hash
    ``attempt`` (the fence), ``count`` of frames, ``stop`` (1: somebody asked for it). Lives as long
    as the log. Written with the log; ``stop`` by the API.
``millstream:{<response id>}:live``: channel
    What each append wrote, frames joined. Published by append.lua.
``millstream:stops``: channel
    Ids of responses that are to stop. Published by the API, heard by every worker process.

The braces are real: they keep one response's keys in one slot of a Redis Cluster.
"""

from typing import Final

STOPS_CHANNEL: Final = "millstream:stops"

LOG_TTL_SECONDS: Final = 3600
"""How long a token log outlives its last append; afterwards PostgreSQL replays the response."""


def log_key(response_id: str) -> str:
    """Return the key of the token log's stream."""
    return f"millstream:{{{response_id}}}:log"


def state_key(response_id: str) -> str:
    """Return the key of the token log's state."""
    return f"millstream:{{{response_id}}}:state"


def live_channel(response_id: str) -> str:
    """Return the channel on which the log's appends are published."""
    return f"millstream:{{{response_id}}}:live"


def response_of_channel(channel: str) -> str:
    """Return the response id that a live channel's name carries."""
    return channel.partition("{")[2].partition("}")[0]
