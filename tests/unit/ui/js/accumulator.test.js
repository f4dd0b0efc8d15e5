import { applyEvent, applyResponse, emptyAnswer, isFinal } from "/assets/accumulator.js";
import { equal, ok, recording, test } from "./testing.js";

/** @param {any[]} events */
function after(events, start = emptyAnswer()) {
  return events.reduce((answer, event) => applyEvent(answer, event).answer, start);
}

test("an answer goes through its phases", async () => {
  const events = await recording("answer");
  const phases = [];
  let answer = emptyAnswer();
  for (const event of events) {
    answer = applyEvent(answer, event).answer;
    if (phases.at(-1) !== answer.phase) phases.push(answer.phase);
  }
  equal(phases, ["queued", "searching", "reading", "writing", "done"]);
});

test("the text is a prefix of the stored one at every event and equal at the end", async () => {
  const events = await recording("answer");
  const stored = events.at(-1).response.output[1].content[0].text;
  let answer = emptyAnswer();
  for (const event of events) {
    answer = applyEvent(answer, event).answer;
    ok(stored.startsWith(answer.text), `prefix at ${event.sequence_number}`);
    equal(answer.revision, 0);
  }
  equal(answer.text, stored);
  ok(isFinal(answer));
  equal(answer.passages.length, 3);
  equal(answer.timings.first_token_ms, 400);
});

test("a repeated event changes nothing", async () => {
  const events = await recording("answer");
  const once = after(events);
  const doubled = events.flatMap((event, index) => [event, ...events.slice(0, index + 1)]);
  equal(after(doubled), once);
  equal(applyEvent(once, events[3]).outcome, "repeat");
});

test("a hole is reported and not stepped over", async () => {
  const events = await recording("answer");
  const before = after(events.slice(0, 4));
  const { answer, outcome } = applyEvent(before, events[5]);
  equal(outcome, "hole");
  equal(answer, before);
});

test("unknown events are passed by, and still move the cursor", () => {
  const { answer, outcome } = applyEvent(emptyAnswer(), { type: "millstream.x", sequence_number: 0 });
  equal(outcome, "applied");
  equal(answer, { ...emptyAnswer(), cursor: 0 });
});

test("what is no event is ignored", () => {
  for (const event of [null, 7, "x", [], {}, { type: "response.queued" }, { sequence_number: 0 }]) {
    equal(applyEvent(emptyAnswer(), event), { answer: emptyAnswer(), outcome: "ignored" });
  }
});

test("a reset retracts the text and keeps the passages", async () => {
  const events = await recording("restarted");
  const at = events.findIndex((event) => event.type === "millstream.attempt.reset");
  const before = after(events.slice(0, at));
  const reset = applyEvent(before, events[at]).answer;
  equal(before.text, "Half of an answer");
  equal([reset.text, reset.revision, reset.attempt], ["", 1, 2]);
  equal(reset.passages.length, 3);
  equal(after(events).text, "Another text");
});

test("a reset may leave numbers out, for it takes back all before it", () => {
  const reset = { type: "millstream.attempt.reset", sequence_number: 2000000, attempt: 2 };
  const delta = { type: "response.output_text.delta", sequence_number: 2000001, delta: "Anew" };
  const seen = { ...emptyAnswer(), cursor: 30, text: "All so" };
  const { answer, outcome } = applyEvent(seen, reset);
  equal([outcome, answer.text, answer.cursor], ["applied", "", 2000000]);
  equal(applyEvent(answer, delta).answer.text, "Anew");
});

test("the final text corrects what was shown", () => {
  const wrong = { ...emptyAnswer(), text: "Wrong" };
  const response = {
    id: "resp_1",
    status: "completed",
    output: [{ type: "message", content: [{ type: "output_text", text: "Right" }] }],
  };
  const { answer } = applyEvent(wrong, { type: "response.completed", sequence_number: 0, response });
  equal([answer.text, answer.revision], ["Right", 1]);
});

test("a failed answer keeps its text and tells the reason", async () => {
  const answer = after(await recording("failed"));
  equal(
    [answer.status, answer.reason, answer.text, answer.phase],
    ["failed", "The model closed the stream.", "Half of an answer", "done"],
  );
});

test("a stopped answer is told from an incomplete one", async () => {
  const answer = after(await recording("cancelled"));
  equal([answer.status, answer.phase], ["cancelled", "done"]);
});

test("a stored response gives the same answer as its stream", async () => {
  for (const name of ["answer", "failed", "cancelled", "ungrounded", "restarted"]) {
    const events = await recording(name);
    const streamed = after(events);
    const stored = applyResponse(emptyAnswer(), events.at(-1).response);
    const unordered = { cursor: 0, revision: 0 };
    equal({ ...stored, ...unordered }, { ...streamed, ...unordered }, name);
  }
});

test("a position in line is told beside the stream and moves no cursor", () => {
  const opened = after([
    { type: "response.created", sequence_number: 0 },
    { type: "response.queued", sequence_number: 1 },
  ]);
  const told = { type: "millstream.queue.position", sequence_number: 1, position: 3, line: "workers" };
  const { answer, outcome } = applyEvent(opened, told);
  equal([outcome, answer.cursor, answer.queuePosition, answer.queueLine], ["applied", 1, 3, "workers"]);
  const next = applyEvent(answer, { type: "response.in_progress", sequence_number: 2 });
  equal([next.outcome, next.answer.cursor], ["applied", 2]);
});

test("a position in a conversation is told from one in the line for workers", () => {
  const told = { type: "millstream.queue.position", sequence_number: -1, position: 1, line: "conversation" };
  const { answer } = applyEvent(emptyAnswer(), told);
  equal([answer.queuePosition, answer.queueLine], [1, "conversation"]);
  const later = applyEvent(answer, { ...told, position: 2, line: "workers" });
  equal([later.answer.queuePosition, later.answer.queueLine], [2, "workers"]);
});
