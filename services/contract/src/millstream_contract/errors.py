"""The errors of the contract: the docstring is the message, ``retryable`` if a retry can help."""

from typing import ClassVar


class ContractError(Exception):
    """Something between Millstream's services went wrong."""

    retryable: ClassVar[bool] = False

    def __str__(self) -> str:
        """Return the docstring's first line, and the details."""
        text = (type(self).__doc__ or "").splitlines()[0]
        details = ", ".join(repr(argument) for argument in self.args)
        return f"{text} ({details})" if details else text


class BadFrame(ContractError):
    """These bytes are not a frame."""


class Fenced(ContractError):
    """A later attempt holds this response: stop, and write nothing more."""


class LogUnavailable(ContractError):
    """Redis did not answer."""

    retryable = True


class LedgerUnavailable(ContractError):
    """PostgreSQL did not answer."""

    retryable = True


class NotFound(ContractError):
    """There is no such object."""


class KeyReused(ContractError):
    """This idempotency key was used for another request."""


class ConversationBusy(ContractError):
    """An answer of this conversation is still being made."""


class TooManyOpen(ContractError):
    """The owner has as many unfinished responses as one may have."""


class TooFarBehind(ContractError):
    """So many answers of the conversation (its argument) come first that it would wait too long."""


class NotInConversation(ContractError):
    """The response to be replaced is not one of this conversation."""


class NotTheLast(ContractError):
    """Only the last response of a conversation can be replaced."""


class NotEnded(ContractError):
    """The response to be followed has not ended yet."""


class OtherEmbeddings(ContractError):
    """The ledger's vectors are those of another embeddings endpoint."""
