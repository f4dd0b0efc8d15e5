"""What viewers ask of the ledger, for many responses at a time."""

from dataclasses import replace

from millstream_contract.identifiers import new_id
from millstream_contract.ledger import Ledger
from millstream_contract.ledger.rows import Outline
from tests.integration.contract.test_ledger_responses import QUESTION, accept, final


def test_the_outlines_of_many_are_each_its_own_and_what_is_not_there_is_left_out(
    ledger: Ledger,
) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    of_ann = accept(ledger, replace(QUESTION, traceparent=trace))
    of_bob = accept(ledger, replace(QUESTION, owner="bob"))
    ledger.responses.claim(of_bob.id, 1)

    outlines = ledger.viewing.outlines([of_ann.id, new_id("resp"), of_bob.id])

    assert outlines == {
        of_ann.id: Outline("ann", "queued", trace),
        of_bob.id: Outline("bob", "in_progress"),
    }
    assert not any(outline.is_final for outline in outlines.values())


def test_the_stream_of_a_response_is_there_once_it_has_ended(ledger: Ledger) -> None:
    ended, running = accept(ledger), accept(ledger)
    claimed = ledger.responses.claim(ended.id, 1)
    assert claimed is not None
    ledger.responses.finish(final(claimed), 1, b"its stream")

    logs = ledger.viewing.logs([running.id, ended.id, new_id("resp")])

    assert logs == {running.id: None, ended.id: b"its stream"}
    assert ledger.viewing.outlines([ended.id])[ended.id].is_final
