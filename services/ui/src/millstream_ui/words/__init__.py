"""Every word a reader sees, in one file per language. See `en.json`."""

import json
from importlib.resources import files


class Words:
    """The words of one language, by key."""

    def __init__(self, entries: dict[str, str | dict[str, str]]) -> None:
        self.entries = entries

    def __getitem__(self, key: str) -> str:
        """Return the word for ``key``. Raises KeyError when it is missing or has plural forms."""
        word = self.entries[key]
        if not isinstance(word, str):
            raise KeyError(f"{key} has plural forms")
        return word


def load_words(language: str = "en") -> Words:
    """Read a language's file.

    A word with plural forms is an object by the names that `Intl.PluralRules` gives them.
    """
    text = files(__name__).joinpath(f"{language}.json").read_text(encoding="utf-8")
    return Words(json.loads(text))
