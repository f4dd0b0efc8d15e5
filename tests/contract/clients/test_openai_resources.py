"""More of the official client, unmodified: chats, conversations, sockets, deletion."""

from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.responses import ResponsesServerEvent
from pydantic import TypeAdapter

from bench.scripted_model.script import Script
from tests.contract.clients.asked import of_the_stream, question, stored_text
from tests.harness.stack import Stack

MODEL = "scripted-chat"
_EVENT: TypeAdapter[ResponsesServerEvent] = TypeAdapter(ResponsesServerEvent)


def _asked_with(stack: Stack, script: Script) -> str:
    """Give all that the model was sent for a script."""
    [call] = stack.model.streams(script.id)
    return "\n".join(str(message["content"]) for message in call.prompt)


def test_a_streamed_chat_completion_is_exact_and_counted(client: OpenAI) -> None:
    script = Script(tokens=40, seed=21)

    stream = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": question(script)}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)

    said = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(said) == script.text
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 40
    assert client.responses.retrieve(chunks[0].id).output_text == script.text


def test_a_whole_chat_completion_is_exact(client: OpenAI, stack: Stack) -> None:
    script = Script(tokens=20, seed=22)

    completion = client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello."},
            {"role": "assistant", "content": "Hi."},
            {"role": "user", "content": question(script)},
        ],
    )

    [choice] = completion.choices
    assert (choice.message.content, choice.finish_reason) == (script.text, "stop")
    assert stored_text(stack, completion.id) == script.text
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 20


def test_the_helper_of_streamed_chats_puts_the_same_text_together(client: OpenAI) -> None:
    script = Script(tokens=20, seed=23)

    with client.chat.completions.stream(
        model=MODEL, messages=[{"role": "user", "content": question(script)}]
    ) as stream:
        completion = stream.get_final_completion()

    assert completion.choices[0].message.content == script.text


def test_models_are_listed_and_a_wrong_one_is_named(client: OpenAI) -> None:
    assert MODEL in [model.id for model in client.models.list()]
    assert client.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="gpt-4o", input="x")
    assert refused.value.param == "model"


def test_an_answer_reaches_its_token_limit(client: OpenAI) -> None:
    script = Script(tokens=20, seed=24, finish="length")

    response = client.responses.create(
        model=MODEL, input=question(script), max_output_tokens=20, temperature=0.5
    )

    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.output_text == script.text


def test_an_answers_own_items_are_context_for_the_nextquestion(
    client: OpenAI, stack: Stack
) -> None:
    first, second = Script(tokens=5, seed=25), Script(tokens=5, seed=26)
    asked = client.responses.create(model=MODEL, input=question(first))

    answer = client.responses.create(
        model=MODEL,
        input=[
            {"role": "user", "content": "What is a log?"},
            *[item.model_dump() for item in asked.output],  # type: ignore[list-item]
            {"role": "user", "content": question(second)},
        ],
    )

    assert answer.output_text == second.text
    assert first.text in _asked_with(stack, second)
    given = list(client.responses.input_items.list(answer.id, order="asc"))
    assert [item.type for item in given] == ["message"] * 3


def test_a_question_follows_a_response_and_is_given_its_text(client: OpenAI, stack: Stack) -> None:
    first, second = Script(tokens=5, seed=27), Script(tokens=5, seed=28)
    asked = client.responses.create(model=MODEL, input=question(first))

    answer = client.responses.create(
        model=MODEL, input=question(second), previous_response_id=asked.id
    )

    assert answer.previous_response_id == asked.id
    assert first.text in _asked_with(stack, second)


def test_closing_a_stream_closes_the_request_to_the_model(client: OpenAI, stack: Stack) -> None:
    script = Script(tokens=50, seed=29, gate=("never", 10))

    stream = client.responses.create(model=MODEL, input=question(script), stream=True)
    stack.model.wait(script.id, "held")
    stream.close()

    stack.model.wait(script.id, "client_closed")


def test_a_response_is_deleted(client: OpenAI) -> None:
    asked = client.responses.create(model=MODEL, input=question(Script(tokens=5, seed=30)))

    client.responses.delete(asked.id)

    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(asked.id)


def test_conversations_are_made_changed_filled_and_deleted(client: OpenAI) -> None:
    made = client.conversations.create(
        items=[{"role": "user", "content": "Hello."}], metadata={"a": "b"}
    )

    changed = client.conversations.update(made.id, metadata={"a": "c"})
    added = client.conversations.items.create(
        made.id, items=[{"type": "message", "role": "assistant", "content": "Hi."}]
    )
    listed = list(client.conversations.items.list(made.id, order="asc", limit=1))
    item_id = str(added.data[0].id)
    one = client.conversations.items.retrieve(item_id, conversation_id=made.id)
    left = client.conversations.items.delete(item_id, conversation_id=made.id)
    deleted = client.conversations.delete(made.id)

    assert changed.metadata == {"a": "c"}
    assert [item.role for item in listed if item.type == "message"] == ["user", "assistant"]
    assert one == added.data[0]
    assert left.id == made.id
    assert deleted.deleted
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(made.id)


def test_a_socket_carries_the_events_of_several_answers(client: OpenAI) -> None:
    scripts = [Script(tokens=20, seed=31), Script(tokens=20, seed=32)]
    texts: dict[str, str] = {}
    lanes: dict[str | None, str] = {}

    with client.responses.connect() as connection:
        for lane, script in zip(("a", "b"), scripts, strict=True):
            connection.response.create(model=MODEL, input=question(script), stream_id=lane)
        for event in of_the_stream(connection):
            _EVENT.validate_python(event.model_dump())
            if event.type == "response.output_text.delta":
                lanes[event.stream_id] = lanes.get(event.stream_id, "") + event.delta
            if event.type == "response.completed":
                texts[event.response.id] = event.response.output_text
            if len(texts) == len(scripts):
                break

    assert lanes == {"a": scripts[0].text, "b": scripts[1].text}
    assert {client.responses.retrieve(name).output_text for name in texts} == set(lanes.values())


def test_a_socket_resumes_at_every_event_of_an_answer(client: OpenAI) -> None:
    script = Script(tokens=12, seed=33)
    asked = client.responses.create(model=MODEL, input=question(script))
    with client.responses.retrieve(asked.id, stream=True) as stream:
        numbers = [event.sequence_number for event in stream]

    with client.responses.connect() as connection:
        for number in numbers[:-1]:
            resume = {"response_id": asked.id, "starting_after": number}
            message: Any = {"type": "millstream.response.resume", **resume}
            connection.send(message)
            seen: list[int | None] = []
            while not seen or seen[-1] != numbers[-1]:
                seen.append(connection.recv().sequence_number)
            assert seen == numbers[number + 1 :]


def test_an_error_on_a_socket_is_the_clients_own(client: OpenAI) -> None:
    with client.responses.connect() as connection:
        connection.response.create(model=MODEL, input=" ", stream_id="a")
        event = connection.recv()

    assert event.type == "error"
    assert (event.status, event.error.param, event.stream_id) == (400, "input", "a")
