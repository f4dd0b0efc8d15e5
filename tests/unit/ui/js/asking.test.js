import { ApiError } from "/assets/api-error.js";
import { applyResponse, emptyAnswer } from "/assets/accumulator.js";
import { Asking } from "/assets/asking.js";
import { Sending } from "/assets/sending.js";
import { TurnList } from "/assets/turn-list.js";
import { TurnView } from "/assets/turn-view.js";
import { UnfinishedAnswers } from "/assets/unfinished-answers.js";
import { createSay } from "/assets/words.js";
import { equal, test } from "./testing.js";

const any = new Proxy({ language: "en" }, { get: (words, key) => words[key] ?? String(key), has: () => true });
const say = createSay(any);

/**
 * A conversation with one answer, `resp_0`, and a server that refuses questions that say so.
 */
function visit() {
  const element = document.createElement("div");
  document.body.replaceChildren(element);
  const list = new TurnList(element);
  const leaving = new AbortController();
  const [asked, states, accepted, signedOut] = [[], [], [], []];
  const api = {
    async ask({ question, replaces }) {
      asked.push([question, replaces]);
      if (question === "signed out") throw new ApiError(401, "no session", null, null);
      if (question === "refused") throw new ApiError(400, "too long", null, null);
      return { id: `resp_${asked.length}` };
    },
  };
  const draw = (question) =>
    new TurnView(question, {
      say,
      onPassage() {},
      announce() {},
      afterRender() {},
      onRetry() {},
      onReplace() {},
      onFeedback: async () => {},
    });
  const asking = new Asking({
    api,
    say,
    list,
    sending: new Sending(leaving.signal, { lost() {}, found() {}, busy() {}, clear() {} }),
    unfinished: new UnfinishedAnswers({ cancel() {}, onState: (state) => states.push(state) }),
    leaving: leaving.signal,
    draw,
    conversation: async () => "conv_1",
    onAccepted: (turn, responseId) => accepted.push([turn.question, responseId]),
    onSignedOut: (question) => signedOut.push(question),
  });
  const answered = draw("first");
  answered.show(applyResponse(emptyAnswer(), { id: "resp_0", status: "completed", output: [] }));
  list.add(answered);
  const shown = () =>
    list.turns.filter((turn) => !turn.element.hidden).map((turn) => turn.question);
  return { asking, answered, list, leaving, asked, states, accepted, signedOut, shown };
}

test("a question takes the place of an answer when it is accepted, and not before", async () => {
  const { asking, answered, list, asked, accepted, shown } = visit();
  const done = asking.ask("second", answered);
  equal(shown(), ["second"]);
  equal(list.turns.includes(answered), true, "the answer is there still");
  await done;
  equal(list.turns.includes(answered), false, "the answer is there still");
  equal([asked, accepted], [[["second", "resp_0"]], [["second", "resp_1"]]]);
});

test("a question that is refused leaves the answer it was to replace, and the page at rest", async () => {
  const { asking, answered, states, accepted, shown } = visit();
  await asking.ask("refused", answered);
  equal([shown(), states, accepted], [["first", "refused"], ["running", "idle"], []]);
});

test("what is asked instead of a refused question takes the same answer's place", async () => {
  const { asking, answered, list, asked, shown } = visit();
  await asking.ask("refused", answered);
  asking.askInPlaceOf(list.turns[1], "shorter");
  equal(shown(), ["shorter"]);
  equal(asked.length, 1);
  while (asked.length < 2) await new Promise((resolve) => setTimeout(resolve));
  equal(asked[1], ["shorter", "resp_0"]);
});

test("while one question is on its way no other is asked", async () => {
  const { asking, answered, asked, shown } = visit();
  const done = asking.ask("second");
  asking.askInPlaceOf(answered, "third");
  await asking.ask("fourth");
  await done;
  equal([shown(), asked], [["first", "second"], [["second", null]]]);
});

test("a question that needs a sign-in is handed back", async () => {
  const { asking, signedOut } = visit();
  await asking.ask("signed out");
  equal(signedOut, ["signed out"]);
});

test("a page that was left hears nothing of a refusal that comes too late", async () => {
  const { asking, leaving, states, shown } = visit();
  const done = asking.ask("refused");
  leaving.abort();
  await done;
  equal([shown(), states], [["first", "refused"], ["running"]]);
});
