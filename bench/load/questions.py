"""What the users ask: questions that the documents answer, with the script of what to say."""

import random

from bench.scripted_model.script import Script

# Of the demo corpus; each also says "script", which finds a passage in the tests' small corpus.
_QUESTIONS = (
    "What does VACUUM do?",
    "What does REPEATABLE READ guarantee?",
    "What does asynchronous commit risk?",
    "How does trust authentication work?",
    "What is a deadlock between transactions?",
    "When does the planner use an index?",
    "What is written to the write-ahead log?",
    "How are rows locked for update?",
)


def question_for(script: Script) -> str:
    """Return a question that is answered by this script."""
    return f"{random.choice(_QUESTIONS)} {script.directive()}"


def new_script(tokens: int, rate: float, *, size: int = 0, timed: bool = False) -> Script:
    """Return a script that nobody has asked for before."""
    return Script(
        tokens=tokens, rate=rate, size=size, timed=timed, seed=random.randrange(1_000_000_000)
    )
