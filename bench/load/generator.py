"""What the users of one process of the generator share, made when locust has its options."""

from dataclasses import dataclass, field

from locust.env import Environment

from bench.load.on_air import OnAir
from bench.load.options import LoadOptions
from bench.load.record import Record, RecordFile
from bench.load.wire import Address


class PromiseBroken(Exception):
    """An answer was not what was promised."""


@dataclass
class Generator:
    """Addresses, options, running answers, and where results go."""

    environment: Environment
    options: LoadOptions
    address: Address
    model: Address | None
    records: RecordFile | None
    on_air: OnAir = field(default_factory=OnAir)

    @classmethod
    def of(cls, environment: Environment) -> "Generator":
        """Read the options. Raises ValueError for an address that is none."""
        options = LoadOptions.parsed(environment.parsed_options)
        key = {"Authorization": f"Bearer {options.api_key}"} if options.api_key else None
        path = options.record_path()
        return cls(
            environment,
            options,
            Address.of(environment.host or "", key),
            Address.of(options.model_url) if options.model_url else None,
            RecordFile(path) if path else None,
        )

    def tell(self, record: Record) -> None:
        """Write the record down, and show it on locust's page and tables."""
        if self.records is not None:
            self.records.add(record)
        broken = None if record.faultless else PromiseBroken(_problem(record))
        self._fire(record.kind, "accepted", record.asked_at, record.accepted_at)
        self._fire(record.kind, "first token", record.asked_at, record.first_token_at)
        self._fire(record.kind, "answer", record.asked_at, record.ended_at, record.tokens, broken)

    def _fire(
        self,
        kind: str,
        name: str,
        since: float,
        at: float | None,
        length: int = 0,
        broken: Exception | None = None,
    ) -> None:
        if at is None and broken is None:
            return
        self.environment.events.request.fire(  # type: ignore[no-untyped-call]
            request_type=kind,
            name=name,
            response_time=(at - since) * 1000 if at is not None else 0,
            response_length=length,
            exception=broken,
            context={},
        )


def _problem(record: Record) -> str:
    counts = f"lost {record.lost}, doubled {record.doubled}, hung {record.hung}"
    return "; ".join([counts, *record.wrong[:3]])
