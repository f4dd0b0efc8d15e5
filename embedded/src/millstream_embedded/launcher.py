"""From a planned instance to a running one, and back to nothing."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from millstream_embedded.conductor import Conductor
from millstream_embedded.corpus_loader import load_corpus
from millstream_embedded.data_directory import DataDirectory, write_private
from millstream_embedded.errors import StopRequested
from millstream_embedded.instance import Instance, plan_instance
from millstream_embedded.log_follower import LogFollower
from millstream_embedded.server_checks import prepare_ledger, refuse_silent_redis
from millstream_embedded.settings import EmbeddedSettings
from millstream_embedded.stop_signals import StopSignals
from millstream_embedded.supervisor import Supervisor


def launch(
    settings: EmbeddedSettings,
    signals: StopSignals,
    started: float,
    plan: Callable[[EmbeddedSettings, DataDirectory], Instance] = plan_instance,
) -> None:
    """Run an instance until a stop is asked for.

    `started` is the monotonic time from which the start is counted; `plan` says which parts there
    are. Raises CannotRun when the instance cannot start or go on; nothing of it runs afterwards.
    """
    data = DataDirectory(settings.data_dir)
    instance = plan(settings, data)
    signals.check()
    logs = LogFollower(data.logs, ["supervisor", *(part.name for part in instance.parts)])
    supervisor = Supervisor(data, instance.parts)
    conductor = Conductor(
        supervisor, signals, logs, deadline=started + settings.start_timeout_seconds
    )
    logs.start()
    try:
        supervisor.start(instance.addresses.environment(), on_end=signals.wake)
        waiting = _bring_up(conductor, instance, settings)
        write_private(data.connection_file, instance.addresses.connection_file())
        logs.say(_invitation(instance, data, time.monotonic() - started))
        conductor.start(instance.background)
        if waiting:
            logs.say(f"{waiting} documents of the demo corpus are embedded in the background.")
        conductor.watch()
    except StopRequested:
        # The wished-for end of watching; what follows is the same for every end.
        pass
    finally:
        logs.say("Stopping ...")
        data.connection_file.unlink(missing_ok=True)
        supervisor.stop()
        logs.end()


def _bring_up(conductor: Conductor, instance: Instance, settings: EmbeddedSettings) -> int:
    """Bring up all that answers a question; return how many documents lack vectors."""
    addresses = instance.addresses
    conductor.await_supervisor()
    conductor.start(instance.servers)
    conductor.await_ready()
    prepare_ledger(addresses.database_url)
    refuse_silent_redis(addresses.redis_url)
    conductor.start(instance.services)
    # while the services read their code, which takes them seconds
    waiting = 0
    if settings.demo_corpus:
        waiting = load_corpus(addresses.database_url, addresses.embeddings_endpoint)
    conductor.await_ready()
    return waiting


def _invitation(instance: Instance, data: DataDirectory, seconds: float) -> str:
    place = data.root
    if place.is_relative_to(Path.cwd()):
        place = Path(os.curdir) / place.relative_to(Path.cwd())
    return "\n".join(
        (
            f"Ready after {seconds:.1f} s. Ask away:",
            f"  page  {instance.addresses.ui_url}",
            f"  API   {instance.addresses.api_url}",
            f"Data and logs are in {place}. Ctrl-C stops everything.",
        )
    )
