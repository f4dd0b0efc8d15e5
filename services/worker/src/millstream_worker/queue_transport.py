"""kombu's transport over Redis for a worker that nothing under the queue's keys ends.

What is no message of a job is dropped, a value of a foreign type is deleted, both with a line in
the log: a reaper finds in the ledger what was lost by it. A call that Redis refuses for another
reason (it is read-only after a failover, its disk is full, a script does not end) is waited out
with a new connection, as when it is away.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from kombu.transport import redis as kombu_redis
from kombu.transport.virtual import Message
from redis import Redis, ResponseError

from millstream_contract.foreign_keys import delete_foreign, is_wrong_type
from millstream_worker.queue_messages import id_in, what_is_wrong

logger = logging.getLogger(__name__)

_REFUSED_SECONDS: Final = 1.0
"""So long is waited after a refusal; connecting alone would work at once, and so would not wait."""


class JobsOnly(Redis):
    """A client that gives no message to kombu but those of jobs."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """Read a reply; a message that is none counts as no message."""
        reply = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        if command_name != "BRPOP" or not reply:
            return reply
        queue, raw = reply
        wrong = what_is_wrong(raw)
        if wrong is None:
            return reply
        logger.error(
            "a message of %d bytes in queue %r is no job and is dropped: %s (%s stands in it)",
            len(raw),
            queue.decode(),
            wrong,
            id_in(raw),
        )
        return None


class HealingQoS(kombu_redis.QoS):
    """The notes of what is not acknowledged yet, put in order when somebody has spoilt them."""

    channel: "HealingChannel"

    def append(self, message: Message, delivery_tag: str) -> None:
        """Note a message that is being done."""
        self.channel.healed(lambda: super(HealingQoS, self).append(message, delivery_tag))

    def ack(self, delivery_tag: str) -> None:
        """Forget a message that is done."""
        self.channel.healed(lambda: super(HealingQoS, self).ack(delivery_tag))

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Forget a message, or give it back."""
        self.channel.healed(lambda: super(HealingQoS, self).reject(delivery_tag, requeue))

    def restore_visible(self, *arguments: Any, **settings: Any) -> None:
        """Give back what was noted long ago."""
        self.channel.healed(lambda: super(HealingQoS, self).restore_visible(*arguments, **settings))

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Give a noted message back; a note that is none is dropped."""
        try:
            super().restore_by_tag(tag, client, leftmost)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            logger.error("a note of an unacknowledged message is none: %s", type(error).__name__)
            self._remove_from_indices(tag).execute()  # type: ignore[attr-defined]  # stubs lag


class HealingChannel(kombu_redis.Channel):
    """A channel that puts its keys in order."""

    QoS = HealingQoS

    def healed(self, call: Callable[[], Any], *queues: str) -> Any:
        """Make a call; once more when a key of a foreign type was in its way."""
        try:
            return call()
        except ResponseError as error:
            if not is_wrong_type(error):
                raise
            self._delete_foreign(*queues)
            return call()

    def get_table(self, exchange: str) -> list[tuple[str, str, str]]:
        """Tell which queues messages of an exchange go to: the one of its name."""
        return [(exchange, "", exchange)]

    def _queue_bind(self, *_: Any) -> None:
        # Nothing to note in Redis, where somebody might change it.
        return None

    def _get_client(self) -> type[Redis]:
        return JobsOnly

    def _put(self, queue: str, message: dict[str, Any], **settings: Any) -> None:
        self.healed(lambda: super(HealingChannel, self)._put(queue, message, **settings), queue)

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # stubs lag
        except ResponseError as error:
            if is_wrong_type(error):
                self._delete_foreign()
            else:
                logger.warning("Redis refuses to give messages: %s", error)
                time.sleep(_REFUSED_SECONDS)
            raise

    def _delete_foreign(self, *queues: str) -> None:
        kinds = {self.unacked_key: "hash", self.unacked_index_key: "zset"}
        for queue in {*self.active_queues, *queues}:
            # A list for each priority; nobody here sends with another than the first.
            kinds |= {self._q_for_pri(queue, step): "list" for step in self.priority_steps}  # type: ignore[attr-defined]  # stubs lag
        with self.conn_or_acquire() as client:
            for key, kind in kinds.items():
                delete_foreign(client, key, kind)


class HealingTransport(kombu_redis.Transport):
    """kombu's transport over Redis, with that channel."""

    Channel = HealingChannel

    # Celery's loop connects again on these, and ends its process on all others.
    connection_errors = (*kombu_redis.Transport.connection_errors, ResponseError)

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Begin to take messages by Celery's loop; its first step is a write."""
        try:
            super().register_with_event_loop(connection, loop)
        except ResponseError as error:
            # Celery forgets a connection that fails here, without closing it, and tries at once.
            self.close_connection(connection)
            logger.warning("Redis refuses to be asked for messages: %s", error)
            time.sleep(_REFUSED_SECONDS)
            raise
