"""Rewriting a question that found nothing, without a model: small ones make it worse."""

from millstream_worker.answering.content_words import content_words


def key_words(question: str, previous_question: str | None) -> str:
    """Return the key words of a question, and of the one before it that it may hint at."""
    words = content_words(question)
    if previous_question:
        words += [word for word in content_words(previous_question) if word not in words]
    return " ".join(words)
