"""Growth with the length of an answer, for a moment: what is measured is the whole way."""

from bench.answer_length import measure
from bench.scripted_model.client import ScriptedModel
from tests.harness.stack import UNHURRIED, Backends, running_stack
from tests.harness.valkey import ValkeyServer


def test_answers_of_each_length_are_watched_to_their_end_and_again(
    corpus_database_url: str, private_valkey: ValkeyServer, scripted_model: ScriptedModel
) -> None:
    # Given servers to itself: what Redis publishes for others would count as appends
    backends = Backends(corpus_database_url, private_valkey.url(), scripted_model, UNHURRIED)
    with running_stack(backends) as stack:
        figures = measure(stack, lengths=[40, 1000])

    short, long = figures["lengths"]
    assert (short["tokens"], short["answers"]) == (40, 10)
    assert (long["tokens"], long["answers"]) == (1000, 2)
    for part in ("worker", "api", "redis"):
        assert long[f"{part}_us_per_token"] > 0
    # A token of six letters in a frame of its own has more than a hundred bytes.
    assert long["log_bytes_per_token"] > 100
    assert 1 <= long["tokens_per_append"] < 1000
    assert long["stream_kib"] * 1024 > 1000 * 100
    # The last event has the whole text.
    assert long["final_event_kib"] > short["final_event_kib"] > 1
    for figure in (short, long):
        assert figure["delay_ms_p50_last_tenth"] > 0
        assert figure["ending_ms"] > 0
        assert figure["reload_from_log"]["ms"] > 0
        assert figure["reload_from_ledger"]["ms"] > 0
