"""What a worker process does: one service, for the jobs of one queue."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Service(Protocol):
    """Does the jobs of one queue. Opened by the composition root, in the process that works."""

    task: str
    """The name by which jobs are sent."""
    queue: str
    further: Mapping[str, Callable[..., None]]
    """Further tasks of its queue, by their names."""
    concurrency: int
    """Jobs done side by side, each on a thread."""

    def do(self, *arguments: Any) -> None:
        """Do one job. Called on several threads; an error is logged, and the job is gone."""

    def check(self) -> Mapping[str, str]:
        """Look at what the jobs need: "ok", "away", or "unknown", by name. Takes some seconds."""

    def drain(self) -> None:
        """The grace time is over: let running jobs end now. Called on a thread of its own."""

    def close(self) -> None:
        """Release clients, pools and threads; no job runs any more."""
