"""The stream's contract is a file, and the file is true."""

import jsonschema
import pytest

from millstream_contract.events import Event, OutputTextDelta, ResponseEvent
from millstream_contract.frames import decode_event, encode_frame
from scripts import make_stream_contract


def test_the_file_says_what_the_event_types_say() -> None:
    assert make_stream_contract.FILE.read_text(encoding="utf-8") == make_stream_contract.text()


def test_every_event_type_is_in_the_contract() -> None:
    described = make_stream_contract.contract()["$defs"]

    assert {kind.__name__ for kind in _concrete(Event)} <= set(described)


def test_an_encoded_event_fits_the_contract_and_another_does_not() -> None:
    contract = make_stream_contract.contract()
    event = decode_event(encode_frame(OutputTextDelta(item_id="m", output_index=0, delta="a"), 3))

    jsonschema.validate(event, contract)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**event, "surprise": 1}, contract)


def _concrete(kind: type[Event]) -> set[type[Event]]:
    below = {one for child in kind.__subclasses__() for one in _concrete(child)}
    return below or ({kind} - {ResponseEvent})
