"""The board's Lua steps: each is run whole, or tells that Redis is away."""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any, cast

from redis import Redis, ResponseError
from redis.client import Pipeline

from millstream_contract.foreign_keys import is_wrong_type, tidy_board
from millstream_contract.redis_connection import redis_answers


class BoardScripts:
    """The Lua files beside this one, by name."""

    def __init__(self, redis: Redis, names: Iterable[str]) -> None:
        """Use this client."""
        self._redis = redis
        self._scripts = {name: redis.register_script(_lua(f"{name}.lua")) for name in names}

    def run(self, name: str, keys: list[str], arguments: list[Any]) -> Any:
        """Run a script and return its reply. Raises LogUnavailable when Redis does not answer.

        So it does when a key holds a value of another type, which is deleted: the next call works.
        """
        with redis_answers():
            try:
                return self._scripts[name](keys=keys, args=arguments)
            except ResponseError as error:
                if is_wrong_type(error):
                    tidy_board(self._redis, keys)
                raise

    def put_in(self, calls: Pipeline, name: str, keys: list[str], arguments: Sequence[Any]) -> None:
        """Put a script into a pipeline, with its text: Redis may have forgotten it."""
        calls.eval(cast(str, self._scripts[name].script), len(keys), *keys, *arguments)


def _lua(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
