"""What the worker says in its own words: to readers, and to the model. One place, to translate."""

from typing import Final

NOT_IN_DOCUMENTS: Final = (
    "The documents do not answer this question. Nothing in them is close enough to it to base an"
    " answer on."
)

INTERNAL_ERROR: Final = "Something went wrong while this question was being answered."
ATTEMPTS_EXHAUSTED: Final = (
    "Every worker that tried to answer this question came to grief. It is not tried again."
)
SEARCH_FAILED: Final = "The documents could not be searched."

# The fixed part comes first: a model server that keeps its prompt cache then reads it only once.
INSTRUCTIONS: Final = (
    "Answer the question from the numbered passages only. Cite the passages you use by their"
    " numbers in square brackets, like [1]. If the passages do not hold the answer, say so. Be"
    " brief."
)

GRADING_INSTRUCTIONS: Final = (
    "Which of the numbered passages help to answer the question? Give their numbers; none if none"
    " does."
)
REWRITING_INSTRUCTIONS: Final = (
    "Rewrite the question as a short search query that stands on its own, in the question's own"
    " language. Use the conversation to fill in what the question only hints at. Leave out what was"
    " said before where the question does not lean on it."
)
