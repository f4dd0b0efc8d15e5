"""The official OpenAI client, unmodified but for its base URL."""

import openai
import pytest
from openai import OpenAI
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from bench.scripted_model.script import Script
from tests.contract.clients.asked import of_the_stream, question, stored_text
from tests.harness.stack import Stack

_EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)


def _response_id(events: list[ResponseStreamEvent]) -> str:
    first = events[0]
    assert first.type == "response.created"
    return first.response.id


def test_a_streamed_answer_is_exact_and_its_events_are_openais(
    client: OpenAI, stack: Stack
) -> None:
    script = Script(tokens=60, seed=1)

    with client.responses.create(
        model="scripted-chat", input=question(script), stream=True
    ) as stream:
        events = list(of_the_stream(stream))

    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == script.text == stored_text(stack, _response_id(events))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    for event in events:
        _EVENT.validate_python(event.model_dump())


def test_the_clients_own_accumulation_equals_the_stored_answer(client: OpenAI) -> None:
    script = Script(tokens=60, seed=2)

    with client.responses.stream(model="scripted-chat", input=question(script)) as stream:
        final = stream.get_final_response()

    assert final.output_text == script.text
    assert client.responses.retrieve(final.id).output_text == script.text


def test_without_stream_or_background_the_whole_answer_is_returned(client: OpenAI) -> None:
    script = Script(tokens=30, seed=3)

    response = client.responses.create(model="scripted-chat", input=question(script))

    assert response.status == "completed"
    assert response.output_text == script.text
    assert response.usage is not None
    assert response.usage.output_tokens == 30


def test_a_background_answer_is_exact_from_every_event_on(client: OpenAI, stack: Stack) -> None:
    script = Script(tokens=24, seed=4)
    begun = client.responses.create(model="scripted-chat", input=question(script), background=True)
    with client.responses.retrieve(begun.id, stream=True) as stream:
        whole = list(of_the_stream(stream))

    last = whole[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == script.text == stored_text(stack, begun.id)
    for n in range(len(whole)):
        with client.responses.retrieve(begun.id, stream=True, starting_after=n) as stream:
            assert list(stream) == whole[n + 1 :]


def test_cancel_ends_a_background_answer_and_keeps_what_was_written(
    client: OpenAI, stack: Stack
) -> None:
    script = Script(tokens=50, seed=5, gate=("never", 10))
    begun = client.responses.create(model="scripted-chat", input=question(script), background=True)
    stack.model.wait(script.id, "held")

    cancelled = client.responses.cancel(begun.id)

    assert cancelled.status == "cancelled"
    assert script.text.startswith(cancelled.output_text)
    assert client.responses.retrieve(begun.id).output_text == cancelled.output_text
    stack.model.wait(script.id, "client_closed")


def test_a_conversation_keeps_question_and_answer(client: OpenAI) -> None:
    script = Script(tokens=10, seed=6)
    conversation = client.conversations.create(metadata={"topic": "logs"})

    client.responses.create(
        model="scripted-chat", input=question(script), conversation=conversation.id
    )

    items = list(client.conversations.items.list(conversation.id, order="asc", limit=1))
    messages = [item for item in items if item.type == "message"]
    assert [message.role for message in messages] == ["user", "assistant"]
    assert messages[1].content[0].model_dump()["text"] == script.text
    assert client.conversations.retrieve(conversation.id).metadata == {"topic": "logs"}
    assert client.conversations.delete(conversation.id).deleted


def test_an_error_is_the_clients_own(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="scripted-chat", input=" ")

    assert refused.value.param == "input"
