"""A hole in a token log: who comes to it gets what is missing, also while the model is silent."""

import uuid

from redis import Redis

from bench.scripted_model.script import Script, joined
from millstream_contract.keys import log_key
from tests.harness.stack import Stack

_BEFORE = 10


def test_a_viewer_that_comes_to_a_hole_gets_what_is_missing_while_the_model_is_silent(
    stack: Stack,
) -> None:
    # Given an answer whose model says nothing more for now, and a log that has lost a token
    script = Script(tokens=20, gate=(uuid.uuid4().hex, _BEFORE))
    shown = joined(script.token_list[:_BEFORE])
    assert script.gate is not None
    with stack.client() as client, client.stream(f"What is a log? {script.directive()}") as early:
        early.until_text(len(shown))
        response_id = early.transcript.response_id
        with Redis.from_url(stack.backends.redis_url) as redis:
            lost, _ = redis.xrange(log_key(response_id))[-4]
            redis.xdel(log_key(response_id), lost)

        # When a viewer comes
        with client.follow(response_id) as late:
            late.until_text(len(shown))

            # Then it has the token, and the model has said nothing since
            (call,) = stack.model.streams(script.id)
            assert call.is_in("held")
            assert call.tokens_sent == _BEFORE
            stack.model.open_gate(script.gate[0])
            assert late.to_end().text == script.text
        assert early.to_end().text == script.text
