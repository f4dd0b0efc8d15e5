"""The graph: retrieve, grade, rewrite the query at most once, generate.

A question that follows others is condensed with them first, and searched for as it then stands.
There is no checkpointer: what a later attempt needs, the graded passages, stands in the response's
own row (a checkpoint per step costs 21 to 35 ms, and generate would start over all the same).
Tokens leave the generate node by a call on the run, not through LangGraph's streams, which cost
a fifth to a half more per token; and only the node's own loop can be stopped.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from millstream_contract.objects import Passage
from millstream_worker.answering.chat import ModelAnswer
from millstream_worker.answering.prompt import Message
from millstream_worker.answering.stopwatch import Stopwatch
from millstream_worker.model_errors import ModelError


class State(TypedDict, total=False):
    """What the nodes hand on."""

    queries: list[str]
    """What was searched for; the last one is what is being searched for."""
    found: list[Passage]
    kept: list[Passage]


class Tools(Protocol):
    """What the nodes work with; one per process."""

    def search(self, query: str) -> list[Passage]:
        """Return passages near a query, best first."""

    def grade(self, query: str, found: Sequence[Passage]) -> list[Passage]:
        """Return those that help to answer, numbered from 1, short enough for a prompt."""

    def condense(self, question: str, history: Sequence[Message]) -> str:
        """Return a question that follows others so that it stands on its own, as a query."""

    def rewrite(self, question: str, history: Sequence[Message]) -> str:
        """Return another query for a question whose own words found nothing."""

    def ask(
        self, passages: Sequence[Passage], history: Sequence[Message], prefix: str
    ) -> ModelAnswer:
        """Ask the model for the answer, or for the rest of it behind ``prefix``."""


class Run(Protocol):
    """One answer in the making, as the nodes see it. Each method raises Stopped when it is over."""

    question: str
    passages: Sequence[Passage] | None
    """What an earlier attempt has found and graded already; None when it has not."""
    watch: Stopwatch

    @property
    def text(self) -> str:
        """What was said of the answer so far, by this attempt or earlier ones."""

    def history(self) -> Sequence[Message]:
        """Return what was said before in the conversation."""

    def search_begun(self) -> None:
        """Tell that the documents are being searched."""

    def search_done(self, queries: Sequence[str], kept: Sequence[Passage]) -> None:
        """Tell what was found, and keep it for a later attempt."""

    def say(self, piece: str) -> None:
        """Tell the next piece of the answer."""

    def not_found(self) -> None:
        """Tell that the documents do not answer the question."""

    def resume_after(self, error: ModelError) -> str:
        """Return the text to go on behind after the model broke off, or raise ``error``."""

    def asked(self, answer: ModelAnswer) -> None:
        """Note that the model is being asked; ``answer`` will tell how it ended."""


@dataclass(frozen=True, slots=True)
class Context:
    """What LangGraph hands to every node."""

    run: Run
    tools: Tools


Graph = CompiledStateGraph[State, Context, State, State]


def build_graph() -> Graph:
    """Return the compiled graph; one serves all answers of a process."""
    graph = StateGraph(State, context_schema=Context)
    graph.add_node("retrieve", _retrieve)
    graph.add_node("grade", _grade)
    graph.add_node("rewrite", _rewrite)
    graph.add_node("generate", _generate)
    graph.add_conditional_edges(START, _first_step, ["retrieve", "generate"])
    graph.add_edge("retrieve", "grade")
    graph.add_edge("rewrite", "retrieve")
    graph.add_edge("generate", END)
    return graph.compile()


def run_graph(graph: Graph, run: Run, tools: Tools) -> None:
    """Make one answer. What the nodes raise comes out."""
    run.search_begun()
    if run.passages is not None:
        run.search_done([run.question], run.passages)
        start: State = {"queries": [run.question], "kept": list(run.passages)}
    else:
        # No node of the graph: most questions follow none, and a node costs them time.
        start = {"queries": [_first_query(run, tools)]}
    graph.invoke(start, context=Context(run, tools))


def _first_query(run: Run, tools: Tools) -> str:
    history = run.history()
    if not any(message.role == "user" for message in history):
        return run.question
    with run.watch.stage("rewrite"):
        return tools.condense(run.question, history)


def _first_step(state: State) -> Literal["retrieve", "generate"]:
    return "generate" if "kept" in state else "retrieve"


def _retrieve(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    run = runtime.context.run
    with run.watch.stage("retrieve"):
        return {"found": runtime.context.tools.search(state["queries"][-1])}


def _grade(state: State, runtime: Runtime[Context]) -> Command[Literal["rewrite", "generate"]]:
    run, queries = runtime.context.run, state["queries"]
    with run.watch.stage("grade"):
        kept = runtime.context.tools.grade(queries[-1], state["found"])
    if not kept and len(queries) == 1:
        return Command(goto="rewrite")
    run.search_done(queries, kept)
    return Command(update={"kept": kept}, goto="generate")


def _rewrite(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    run = runtime.context.run
    with run.watch.stage("rewrite"):
        query = runtime.context.tools.rewrite(run.question, run.history())
    return {"queries": [*state["queries"], query]}


def _generate(state: State, runtime: Runtime[Context]) -> dict[str, Any]:
    run = runtime.context.run
    if not state["kept"]:
        # A model that is asked without passages would answer from its memory, and sound as sure.
        run.not_found()
        return {}
    with run.watch.generating():
        _generate_patiently(state["kept"], run, runtime.context.tools)
    return {}


def _generate_patiently(kept: Sequence[Passage], run: Run, tools: Tools) -> None:
    prefix = run.text
    while True:
        answer = tools.ask(kept, run.history(), prefix)
        run.asked(answer)
        try:
            with run.watch.asking(), closing(iter(answer)) as pieces:
                for piece in pieces:
                    run.say(piece)
        except ModelError as error:
            prefix = run.resume_after(error)
        else:
            return
