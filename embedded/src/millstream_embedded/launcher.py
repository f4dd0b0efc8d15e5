"""From a planned instance to a running one, and back to nothing."""

import os
import time
from pathlib import Path

from millstream_embedded.conductor import Conductor
from millstream_embedded.data_directory import DataDirectory, write_private
from millstream_embedded.errors import StopRequested
from millstream_embedded.instance import Instance, plan_instance
from millstream_embedded.log_follower import LogFollower
from millstream_embedded.server_checks import prepare_ledger, refuse_silent_redis
from millstream_embedded.settings import EmbeddedSettings
from millstream_embedded.stop_signals import StopSignals
from millstream_embedded.supervisor import Supervisor


def launch(settings: EmbeddedSettings, signals: StopSignals, started: float) -> None:
    """Run an instance until a stop is asked for.

    `started` is the monotonic time from which the start is counted. Raises CannotRun when the
    instance cannot start or go on; nothing of it runs afterwards.
    """
    data = DataDirectory(settings.data_dir)
    instance = plan_instance(settings, data)
    signals.check()
    logs = LogFollower(data.logs, ["supervisor", *(part.name for part in instance.parts)])
    supervisor = Supervisor(data, instance.parts)
    conductor = Conductor(
        supervisor, signals, logs, deadline=started + settings.start_timeout_seconds
    )
    logs.start()
    try:
        supervisor.start(instance.addresses.environment())
        _bring_up(conductor, instance, data)
        logs.say(_invitation(instance, data, time.monotonic() - started))
        conductor.bring_up(instance.background)
        conductor.watch()
    except StopRequested:
        pass
    finally:
        logs.say("Stopping ...")
        data.connection_file.unlink(missing_ok=True)
        supervisor.stop()
        logs.end()


def _bring_up(conductor: Conductor, instance: Instance, data: DataDirectory) -> None:
    conductor.await_supervisor()
    conductor.bring_up(instance.servers)
    prepare_ledger(instance.addresses.database_url)
    refuse_silent_redis(instance.addresses.redis_url)
    conductor.bring_up(instance.services)
    write_private(data.connection_file, instance.addresses.connection_file())


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
