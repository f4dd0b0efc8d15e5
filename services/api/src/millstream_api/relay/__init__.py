"""The relay: from token logs to viewers, over one Redis subscription a process."""

from millstream_api.relay.hub import Hub
from millstream_api.relay.streaming import Streamer

__all__ = ["Hub", "Streamer"]
