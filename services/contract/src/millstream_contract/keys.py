"""Every Redis key and channel of Millstream.

``millstream:{<response id>}:log``: stream
    The token log. An entry is one SSE frame; its id is ``<attempt>-<sequence number + 1>``.
    Lives LOG_TTL_SECONDS after the last append, ENDED_LOG_TTL_SECONDS after the final frame's.
    Written by the API (the first two frames, as attempt 0), then by the worker that holds the
    attempt.
``millstream:{<response id>}:state``: hash
    ``attempt`` (the fence), ``count`` of frames, ``written_at`` (ms: the last append), ``base``
    (the numbers below it count as used), ``stop`` (1: somebody asked for it), ``look`` (1: a reader
    found a hole). Lives as long as the log. Written with the log; ``stop`` and ``look`` by the API.
``millstream:{<response id>}:live``: channel
    What each append wrote, frames joined; now and then behind a line ``: <seconds>`` that tells
    when, by Redis' clock. Published by append.lua. ``LOOK_AGAIN`` when the response was deleted.
``millstream:stops``: channel
    Ids of responses that are to stop. Published by the API, heard by every worker process.
``millstream:looks``: channel
    Ids of responses in whose log a reader found a hole. Published by the API, heard by every worker
    process.
``millstream:idle``: channel
    Nothing is published on it: it keeps an API process's subscription open while nobody watches.
``millstream:{work}:queued``: sorted set
    Responses in line, by the time (ms) since when. Lives BOARD_TTL_SECONDS. Written by the API,
    workers and reapers.
``millstream:{work}:leases``: sorted set
    ``<response id>/<attempt>`` being answered, by the time (ms) its lease expires. Lives
    BOARD_TTL_SECONDS. Written by workers; reapers take out what expired.
``millstream:{work}:turns``: hash
    By response: ``<turn> <since when (ms)> <conversation id>`` of those that wait for their turn in
    a conversation, and are not in line yet. Lives BOARD_TTL_SECONDS. Written by the API and
    reapers; whoever puts a response in line or takes it off the board takes it out.
``millstream:{work}:pulse``: string
    When a reaper last looked (ms). Lives BOARD_TTL_SECONDS. Written by reapers.
``millstream:{work}:ledger_check``: string
    There for some seconds after the board was compared with the ledger. Written by reapers.
``millstream:{work}:slots``: sorted set
    ``<worker>/<answers at a time>``, by the time (ms) until which it was said. Lives
    BOARD_TTL_SECONDS. Written by workers.
``millstream:{work}:service_ms``: string
    How long an answer holds its slot, a running mean. Lives BOARD_TTL_SECONDS. Written by workers.
``millstream:{work}:admissions``: sorted set
    Questions that were let in and are not in line yet, by the time (ms) when that is given up.
    Lives BOARD_TTL_SECONDS. Written by the API.
``millstream:{work}:arrivals``: sorted set
    Who waits in line, by the time (ms) since when, whatever is sent again. Lives BOARD_TTL_SECONDS.
    Written by reapers.
``millstream:{work}:positions_told``: string
    There for some seconds after those in line were told their positions. Written by reapers.
``millstream:probe``: string
    There for a second after a probe of readiness tried whether Redis takes writes. Written by the
    API and workers.

The braces are real: they keep one response's keys, and the board's, in one slot of a Redis Cluster.
"""

from typing import Final

STOPS_CHANNEL: Final = "millstream:stops"
LOOKS_CHANNEL: Final = "millstream:looks"
IDLE_CHANNEL: Final = "millstream:idle"

PROBE_KEY: Final = "millstream:probe"

QUEUED_KEY: Final = "millstream:{work}:queued"
LEASES_KEY: Final = "millstream:{work}:leases"
TURNS_KEY: Final = "millstream:{work}:turns"
PULSE_KEY: Final = "millstream:{work}:pulse"
LEDGER_CHECK_KEY: Final = "millstream:{work}:ledger_check"
SLOTS_KEY: Final = "millstream:{work}:slots"
SERVICE_TIME_KEY: Final = "millstream:{work}:service_ms"
ADMISSIONS_KEY: Final = "millstream:{work}:admissions"
ARRIVALS_KEY: Final = "millstream:{work}:arrivals"
POSITIONS_TOLD_KEY: Final = "millstream:{work}:positions_told"

BOARD_KINDS: Final = {
    QUEUED_KEY: "zset",
    LEASES_KEY: "zset",
    TURNS_KEY: "hash",
    PULSE_KEY: "string",
    LEDGER_CHECK_KEY: "string",
    SLOTS_KEY: "zset",
    SERVICE_TIME_KEY: "string",
    ADMISSIONS_KEY: "zset",
    ARRIVALS_KEY: "zset",
    POSITIONS_TOLD_KEY: "string",
}
"""What each of the board's keys holds, as Redis' TYPE names it."""

BOARD_TTL_SECONDS: Final = 86_400
"""How long the work board outlives the last that happened on it; the ledger restores it."""

LOG_TTL_SECONDS: Final = 3600
"""How long a token log outlives its last append, while its response has not ended."""

ENDED_LOG_TTL_SECONDS: Final = 60
"""How long it outlives its final frame. PostgreSQL has the whole stream by then and replays it, so
the log is there for viewers who are still on their way to the end: longer, it only fills Redis."""


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
