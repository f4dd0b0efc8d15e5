"""What a login may call its user."""

from typing import Final

from millstream_api.access.refusal import Unauthenticated

_MOST_CHARACTERS: Final = 255


def checked_name(source: str, value: object) -> str:
    """Return a user's name as it was given. Raises Unauthenticated, naming its ``source``.

    It is compared as it is: two spellings are two users.
    """
    if not isinstance(value, str) or not value.strip():
        raise Unauthenticated(f"{source} names no user.")
    if len(value) > _MOST_CHARACTERS or not value.isprintable():
        message = f"{source} must be up to {_MOST_CHARACTERS} printable characters."
        raise Unauthenticated(message)
    return value
