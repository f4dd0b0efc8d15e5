"""Each rule says what is wrong, and where, of an overlay in which one thing was broken."""

import re
from pathlib import Path

import pytest

from tests.unit.k8s.manifests import rendered
from tests.unit.k8s.rules import RULES

_BROKEN = sorted((Path(__file__).parent / "broken").iterdir())


def _expected(folder: Path) -> tuple[str, str]:
    """The rule that must complain, and its words: the first two lines of the fixture."""
    text = (folder / "kustomization.yaml").read_text("utf-8")
    found = re.match(r"# rule: (\S+)\n# says: (.+)\n", text)
    assert found, folder
    return found[1], found[2]


@pytest.mark.parametrize("folder", _BROKEN, ids=lambda path: path.name)
def test_what_is_broken_is_named(folder: Path) -> None:
    rule, says = _expected(folder)

    assert says in list(RULES[rule](rendered(folder)))


def test_every_rule_has_something_broken_to_find() -> None:
    assert {_expected(folder)[0] for folder in _BROKEN} == set(RULES)
