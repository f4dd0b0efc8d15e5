"""How one worker process is observed: its pulse, its metrics, its port."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from millstream_contract.tracing import Tracing
from millstream_worker.observing.beat import Beat
from millstream_worker.observing.http_port import Answers, HttpPort
from millstream_worker.observing.metrics import WorkerMetrics


@dataclass(frozen=True, slots=True)
class Observed:
    """What a process is observed by. port: of probes and metrics, 0 for none."""

    host: str
    port: int
    tracing: Tracing
    beat: Beat = field(default_factory=Beat)
    metrics: WorkerMetrics = field(default_factory=WorkerMetrics)

    @contextmanager
    def answering_probes(self, check: Callable[[], Mapping[str, str]]) -> Iterator[None]:
        """Within the block, the port is answered. Raises OSError when it is taken."""
        self.metrics.loop_silent.set_function(self.beat.silent_seconds)
        if not self.port:
            yield
            return
        port = HttpPort(self.host, self.port, Answers(self.beat, self.metrics.text, check))
        try:
            yield
        finally:
            port.close()
