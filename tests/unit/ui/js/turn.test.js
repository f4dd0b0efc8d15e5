import { applyResponse, emptyAnswer } from "/assets/accumulator.js";
import { createSay } from "/assets/words.js";
import { TurnView } from "/assets/turn-view.js";
import { equal, ok, test } from "./testing.js";

const any = new Proxy({ language: "en" }, { get: (words, key) => words[key] ?? String(key), has: () => true });
const say = createSay(any);

/** A turn whose answer has ended, and what was asked of it. */
function turn(more = {}) {
  const asked = [];
  const said = [];
  const drawn = [];
  const shown = new TurnView("Why?", {
    say,
    onPassage: (passage) => asked.push(["passage", passage.number]),
    onRetry: () => asked.push(["retry"]),
    onReplace: (_, question) => asked.push(["replace", question]),
    async onFeedback(id, feedback) {
      asked.push(["feedback", id, feedback]);
      if (more.refuses?.()) throw new Error("not now");
      await more.stored;
    },
    announce: (words) => said.push(words),
    afterRender: () => drawn.push(document.querySelectorAll(".source, .timings").length),
  });
  document.body.replaceChildren(shown.element);
  const results = [{ filename: "a.md", text: "Text", attributes: { number: 1, place: "Part" } }];
  shown.show(
    applyResponse(emptyAnswer(), {
      id: "resp_1",
      status: "completed",
      output: [
        { type: "file_search_call", results },
        { type: "message", content: [{ text: "So [1]." }] },
      ],
      millstream: { grounded: true, timings: { total_ms: 5 }, feedback: more.feedback ?? null },
    }),
  );
  const at = (selector) => document.querySelector(selector);
  const press = (label) => at(`[aria-label="${label}"]`).click();
  return { asked, at, drawn, press, said, shown };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("who listens to the page hears that an answer was copied", async () => {
  const { press, said } = turn();
  press("copy_answer");
  while (said.length === 0) await settled();
  equal(said, ["copied"]);
});

test("an answer can be asked for again", () => {
  const { asked, press } = turn();
  press("regenerate");
  equal(asked, [["replace", "Why?"]]);
});

test("a question can be edited and asked again, or left as it was", () => {
  const { asked, at, press } = turn();
  press("edit");
  at(".question-form textarea").value = "Why not?";
  at(".question-form textarea").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  equal(at(".question").textContent, "Why?");
  press("edit");
  at(".question-form textarea").value = " Why not? ";
  at(".question-form").requestSubmit();
  equal(asked, [["replace", "Why not?"]]);
});

test("a rating is stored, can carry a comment, and can be taken back", async () => {
  const { asked, at, press } = turn();
  press("bad_answer");
  await settled();
  at(".feedback textarea").value = " wrong ";
  at(".feedback form").requestSubmit();
  await settled();
  equal(at(".feedback-thanks").textContent, "feedback_thanks");
  equal(at("[aria-label='bad_answer']").getAttribute("aria-pressed"), "true");
  press("bad_answer");
  await settled();
  equal(at("[aria-label='bad_answer']").getAttribute("aria-pressed"), "false");
  equal(asked, [
    ["feedback", "resp_1", { rating: "down", comment: null }],
    ["feedback", "resp_1", { rating: "down", comment: "wrong" }],
    ["feedback", "resp_1", { rating: null, comment: null }],
  ]);
});

test("a rating that cannot be stored is shown as not given", async () => {
  const { at, press } = turn({ refuses: () => true });
  press("good_answer");
  await settled();
  equal(at("[aria-label='good_answer']").getAttribute("aria-pressed"), "false");
  ok(at(".feedback-failed"), "what went wrong");
});

test("a comment is told after its rating, however long that takes", async () => {
  let store = () => {};
  const stored = new Promise((resolve) => (store = resolve));
  const { asked, at, press } = turn({ stored });
  press("bad_answer");
  at(".feedback textarea").value = "wrong";
  at(".feedback form").requestSubmit();
  await settled();
  equal(asked.map(([, , { comment }]) => comment), [null]);
  store();
  while (!at(".feedback-thanks")) await settled();
  equal(asked.map(([, , { comment }]) => comment), [null, "wrong"]);
});

test("a comment on a rating that could not be stored brings the rating with it", async () => {
  let refusals = 1;
  const { asked, at, press } = turn({ refuses: () => refusals-- > 0 });
  press("good_answer");
  await settled();
  at(".feedback textarea").value = "right";
  at(".feedback form").requestSubmit();
  await settled();
  equal(asked.at(-1), ["feedback", "resp_1", { rating: "up", comment: "right" }]);
  equal(at("[aria-label='good_answer']").getAttribute("aria-pressed"), "true");
});

test("that a page has grown is told when all of an answer is there", () => {
  const { drawn } = turn();
  equal(drawn.at(-1), 2);
});

test("a rating that was given before is shown", () => {
  const { at } = turn({ feedback: { rating: "up", comment: null } });
  equal(at("[aria-label='good_answer']").getAttribute("aria-pressed"), "true");
});

test("that a question was refused, or taken back, is said to who cannot see it", () => {
  const { said, shown } = turn();
  shown.sent();
  shown.refuse({ title: "No", reason: "because", action: null, retryHelps: true });
  shown.refuse({ title: "Gone", reason: "", action: null, retryHelps: false });
  shown.withdraw();
  equal(said, ["phase_sending", "No: because", "Gone", "announce_cancelled"]);
});

test("a refused question offers what helps", () => {
  const { asked, at, shown } = turn();
  shown.refuse({ title: "No", reason: "because", action: null, retryHelps: true });
  at(".notice-box button").click();
  equal(asked, [["retry"]]);
  const acted = [];
  const action = { label: "Sign in", act: () => acted.push(1) };
  shown.refuse({ title: "No", reason: "", action, retryHelps: true });
  equal(at(".notice-box button").textContent, "Sign in");
  at(".notice-box button").click();
  equal(acted, [1]);
  shown.refuse({ title: "Long", reason: "", action: null, retryHelps: false, editHelps: true });
  at(".notice-box button").click();
  equal(at(".question-form textarea").value, "Why?");
  shown.refuse({ title: "Gone", reason: "", action: null, retryHelps: false });
  equal(at(".notice-box button"), null);
});
