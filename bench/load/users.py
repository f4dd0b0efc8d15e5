"""The users of the load test, as locust runs them."""

from abc import abstractmethod

import gevent
from locust import User, constant, task

from bench.load.arrivals import token_ends
from bench.load.asking import Asking
from bench.load.generator import Generator
from bench.load.on_air import Airing
from bench.load.questions import new_script
from bench.load.readers import MobileReader, PromptReader, Reader, SlowReader
from bench.load.record import Record
from bench.load.viewing import view
from bench.load.wire import Refused, request

_LONG_TOKEN_CHARACTERS = 1500
_LONG_ANSWER_TOKENS = 240
_NOTHING_TO_VIEW_SECONDS = 0.1


def _let_a_stop_come_first() -> None:
    # Locust ends a user that waits between two tasks by killing it; without this, the kill would
    # come when the next question is being sent.
    gevent.sleep(0)


class LoadUser(User):
    """Asks or views, one after the other, and tells locust and the records what came of it."""

    abstract = True
    wait_time = constant(0)

    @property
    def generator(self) -> Generator:
        """What all users of this process share."""
        found: Generator = self.environment.millstream_generator
        return found

    def asking(self, reader: Reader, *, size: int = 0, tokens: int | None = None) -> Asking:
        """Return a question that is yet to be asked."""
        shared = self.generator
        options = shared.options
        timed = shared.model is not None
        script = new_script(tokens or options.tokens, options.rate, size=size, timed=timed)
        return Asking(shared.address, shared.model, options, script, reader)

    def tell(self, record: Record) -> None:
        """Tell what came of a viewing."""
        self.generator.tell(record)


class AskingUser(LoadUser):
    """Asks and reads."""

    abstract = True

    @abstractmethod
    def new_asking(self) -> Asking:
        """Return the next question."""

    @task
    def ask(self) -> None:
        """Ask one question and read its answer to the end."""
        _let_a_stop_come_first()
        asking = self.new_asking()
        try:
            asking.run()
        except gevent.GreenletExit:
            # The run is over: what was not at its end was given all the time there was.
            asking.record.hung = True
            raise
        finally:
            self.tell(asking.record)


class Asker(AskingUser):
    """Asks, and reads what comes when it comes."""

    weight = 12

    def new_asking(self) -> Asking:
        """Return a question read promptly."""
        return self.asking(PromptReader())


class MobileAsker(AskingUser):
    """Asks, and loses its connection every few seconds."""

    weight = 5

    def new_asking(self) -> Asking:
        """Return a question read over many connections."""
        return self.asking(MobileReader())


class SlowAsker(AskingUser):
    """Asks for much text, and reads it slower than it is made."""

    weight = 2

    def new_asking(self) -> Asking:
        """Return a question with a large answer, read slowly."""
        seconds = 0.8 * _LONG_ANSWER_TOKENS / self.generator.options.rate
        reader = SlowReader(slow_seconds=seconds)
        return self.asking(reader, size=_LONG_TOKEN_CHARACTERS, tokens=_LONG_ANSWER_TOKENS)


class Host(AskingUser):
    """Asks, reads, and has its answers viewed by others."""

    weight = 1

    def new_asking(self) -> Asking:
        """Return a question whose answer others view."""
        return self.asking(PromptReader())

    @task
    def ask(self) -> None:
        """Ask one question, let viewers in, and fetch what is stored when it is over."""
        _let_a_stop_come_first()
        asking = self.new_asking()
        airing = Airing(asking)
        self.generator.on_air.add(airing)
        try:
            asking.run()
            airing.stored = self._stored(asking.record)
            airing.token_ends = token_ends(airing.stored)
        except gevent.GreenletExit:
            asking.record.hung = True
            raise
        finally:
            self.generator.on_air.remove(airing)
            self.tell(asking.record)

    def _stored(self, record: Record) -> bytes:
        try:
            path = f"/v1/responses/{record.response_id}?stream=true"
            with request(self.generator.address, "GET", path) as reply:
                return reply.whole()
        except (OSError, Refused) as error:
            record.wrong.append(f"the stored stream could not be read: {error}")
            return b""


class Viewer(LoadUser):
    """Views answers that hosts ask for."""

    weight = 20

    @task
    def look(self) -> None:
        """View the running answer with the fewest viewers to its end."""
        airing = self.generator.on_air.least_viewed()
        if airing is None:
            gevent.sleep(_NOTHING_TO_VIEW_SECONDS)
            return
        shared = self.generator
        self.tell(view(shared.address, airing, shared.options.answer_seconds))
