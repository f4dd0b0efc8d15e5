"""A viewer's stream over the real relay: every frame once, in order, whatever happens."""

import threading
from collections.abc import Callable

from tests.harness.api_client import ApiClient
from tests.integration.api.scribe import Scribe

ScribeOf = Callable[[str], Scribe]


def test_a_viewer_sees_what_was_written_before_and_what_is_written_after_it_came(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write("before ", "it ")

    with client.follow(scribe.row.id) as stream:
        stream.until_text(len("before it "))
        scribe.write("came, ", "after")
        scribe.finish()
        seen = stream.to_end()

    assert seen.text == scribe.text == "before it came, after"
    assert seen.cursor == len(scribe.frames) - 1


def test_a_stream_opened_by_asking_starts_with_created_and_queued(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    with client.stream("What is a log?") as stream:
        created = stream.until_type("response.created")
        stream.until_type("response.queued")
        scribe = scribe_of(created.body["response"]["id"])
        scribe.write("a file")
        scribe.finish()
        seen = stream.to_end()

    assert seen.text == "a file"


def test_a_stream_can_be_joined_behind_every_event_of_an_answer(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write(*"abcdefgh")
    running = {n: _tail(client, scribe.row.id, n, 10 - n - 1) for n in range(-1, 9)}
    scribe.finish()

    finished = {n: _tail(client, scribe.row.id, n, 11 - n - 1) for n in range(-1, 10)}

    numbers = {n: list(range(n + 1, 10)) for n in range(-1, 9)}
    assert running == numbers
    assert finished == {n: list(range(n + 1, 11)) for n in range(-1, 10)}


def test_an_answer_whose_log_has_expired_is_streamed_from_the_ledger(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write("kept ", "for ", "good")
    scribe.finish()
    scribe.lose_the_log()

    with client.follow(scribe.row.id) as stream:
        seen = stream.to_end()

    assert seen.text == "kept for good"
    assert seen.cursor == len(scribe.frames) - 1


def test_a_viewer_who_is_behind_when_an_ended_log_expires_gets_the_rest_from_the_ledger(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    with client.follow(scribe.row.id) as slow:
        slow.until_type("response.queued")
        # More than the viewer's buffer and all sockets between hold, while it reads none.
        scribe.write(*(f"{number} " + "x" * 100_000 for number in range(120)))
        scribe.finish()
        scribe.lose_the_log()

        seen = slow.to_end()

    assert seen.text == scribe.text
    assert seen.cursor == len(scribe.frames) - 1


def test_a_viewer_survives_the_loss_of_the_log_in_mid_answer(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write("one ")
    with client.follow(scribe.row.id) as stream:
        stream.until_text(4)
        scribe.lose_the_log()
        scribe.send_again()
        scribe.write("two ")
        scribe.finish()
        seen = stream.to_end()

    assert seen.text == "one two "


def test_a_viewer_whose_cursor_is_ahead_of_a_log_that_is_being_sent_again_is_not_refused(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write(*"abcdef")
    scribe.lose_the_log()
    scribe.send_again(frames=3)
    # Later than a writer that lives, and sooner than one that takes the place of a dead one.
    healing = threading.Timer(1.5, scribe.send_again)
    healing.start()

    with client.follow(scribe.row.id, starting_after=6) as stream:
        healing.join()
        scribe.finish()
        numbers = [event.number for event in stream]

    assert numbers == [7, 8]


def test_a_browser_that_keeps_its_address_goes_on_behind_what_it_has(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write(*"abcdef")
    scribe.finish()

    with client.follow(scribe.row.id, starting_after=1, last_event_id=4) as stream:
        numbers = [event.number for event in stream]

    assert numbers[0] == 5


def test_a_viewer_learns_the_end_although_its_final_frame_was_never_published(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write("all")
    with client.follow(scribe.row.id) as stream:
        stream.until_text(3)
        scribe.finish(publish=False)
        seen = stream.to_end()

    assert seen.text == "all"


def test_two_viewers_see_the_same(client: ApiClient, scribe_of: ScribeOf) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    with client.follow(scribe.row.id) as first, client.follow(scribe.row.id) as second:
        scribe.write(*"the same")
        scribe.finish()
        texts = first.to_end().text, second.to_end().text

    assert texts == ("the same", "the same")


def test_a_finished_response_is_retrieved_with_its_output(
    client: ApiClient, scribe_of: ScribeOf
) -> None:
    scribe = scribe_of(client.start("What is a log?")["id"])
    scribe.write("whole")
    scribe.finish()

    stored = client.retrieve(scribe.row.id)

    assert stored["status"] == "completed"
    assert stored["output"][0]["content"][0]["text"] == "whole"


def _tail(client: ApiClient, response_id: str, cursor: int, count: int) -> list[int]:
    numbers: list[int] = []
    with client.follow(response_id, starting_after=cursor) as stream:
        for event in stream:
            numbers.append(event.number)
            if len(numbers) == count:
                break
    return numbers
