"""The relay: from token logs to viewers, over one Redis subscription a process."""

from millstream_api.relay.connection import ClientConnection
from millstream_api.relay.ends import OnClose, StreamEnd, Translate
from millstream_api.relay.hub import Hub
from millstream_api.relay.manner import Manner
from millstream_api.relay.reads import Reads
from millstream_api.relay.source import Source
from millstream_api.relay.streaming import Streamer
from millstream_api.relay.timekeeper import Timekeeper

__all__ = [
    "ClientConnection",
    "Hub",
    "Manner",
    "OnClose",
    "Reads",
    "Source",
    "StreamEnd",
    "Streamer",
    "Timekeeper",
    "Translate",
]
