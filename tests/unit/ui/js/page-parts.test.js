import { drawHistory } from "/assets/history-list.js";
import { emptyAnswer } from "/assets/accumulator.js";
import { readTurns } from "/assets/conversation-items.js";
import { drawTimings, phaseText } from "/assets/status-line.js";
import { createSay } from "/assets/words.js";
import { equal, ok, test } from "./testing.js";

const say = createSay({
  language: "en",
  history_today: "Today",
  history_yesterday: "Yesterday",
  history_earlier: "Earlier",
  history_empty: "None yet",
  history_unreachable: "Out of reach",
  untitled: "Untitled",
  answer_running: "running",
  phase_queued: "Waiting",
  phase_queued_position: { one: "{count} ahead", other: "{count} are ahead" },
  phase_searching: "Searching",
  phase_reading: { one: "Reading {count} passage", other: "Reading {count} passages" },
  phase_writing: "Writing",
  phase_restarted: "Again",
  timing_first: "first {seconds}",
  timing_total: "total {seconds}",
  timing_queue: "Queue",
  timing_retrieve: "Search",
  timing_grade: "Grading",
  timing_model: "Model",
  timing_attempts: "Attempts",
  seconds: "{seconds} s",
});

test("words take their values and their plural form", () => {
  equal(say("phase_reading", { count: 1 }), "Reading 1 passage");
  equal(say("phase_reading", { count: 4 }), "Reading 4 passages");
  equal(say.seconds(1234), "1.2");
});

test("a word that is missing is an error and no blank", () => {
  let message = "";
  try {
    say("no such word");
  } catch (error) {
    message = String(error);
  }
  ok(message.includes("no such word"), message);
});

test("each phase has its words", () => {
  const passages = [1, 2].map((number) => ({ number, document: "", place: "", text: "", score: 1 }));
  const at = (more) => phaseText({ ...emptyAnswer(), ...more }, say);
  equal(
    [at({}), at({ queuePosition: 3 }), at({ attempt: 2 }), at({ phase: "searching" })],
    ["Waiting", "3 are ahead", "Again", "Searching"],
  );
  equal([at({ phase: "reading", passages }), at({ phase: "writing" })], ["Reading 2 passages", "Writing"]);
});

test("timings are shown as far as they are known", () => {
  const timings = { first_token_ms: 400, total_ms: 2000, queue_ms: 5, grade_ms: null };
  const [details] = drawTimings({ ...emptyAnswer(), timings, attempt: 2 }, say);
  equal(details.textContent, "first 0.4, total 2.0Queue0.0 sAttempts2");
  equal(drawTimings(emptyAnswer(), say), []);
});

test("conversations are listed by age, with the current one marked", () => {
  const now = new Date(2026, 4, 10, 12);
  const at = (day, hour) => new Date(2026, 4, day, hour).getTime() / 1000;
  const conversations = [
    { id: "c1", created_at: at(10, 0), title: "New", last_response: { id: "r", status: "queued" } },
    { id: "c2", created_at: at(9, 23), title: "", last_response: null },
    { id: "c3", created_at: at(1, 1), title: "Old", last_response: { id: "r", status: "completed" } },
  ];
  const drawn = drawHistory({ conversations }, "/c/c2", say, now);
  const groups = drawn.filter((one) => one.type === "H2").map((one) => one.props.children);
  const links = drawn
    .filter((one) => one.type === "Ul")
    .flatMap((list) => list.props.children.map((entry) => entry.props.children.props));
  equal(groups, ["Today", "Yesterday", "Earlier"]);
  equal(links.map(({ href }) => href), ["/c/c1", "/c/c2", "/c/c3"]);
  equal(links.map(({ children }) => children[0].props.children), ["New", "Untitled", "Old"]);
  equal(links.map(({ children }) => children[1] !== null), [true, false, false]);
  equal(links.map(({ className }) => className.includes("current")), [false, true, false]);
});

test("an empty list and an unreachable one say so", () => {
  const now = new Date();
  equal(drawHistory(null, "/", say, now), []);
  equal(drawHistory({ conversations: [] }, "/", say, now)[0].props.children, "None yet");
  equal(drawHistory({ failed: true }, "/", say, now)[0].props.children, "Out of reach");
  const kept = { failed: true, conversations: [{ id: "c", created_at: 0, title: "Kept", last_response: null }] };
  equal(drawHistory(kept, "/", say, now).length, 2);
});

test("a conversation's items are read as turns", () => {
  const items = [
    { type: "message", role: "user", response_id: "r1", content: [{ type: "input_text", text: "One?" }] },
    { type: "file_search_call", response_id: "r1" },
    { type: "message", role: "assistant", response_id: "r1", content: [] },
    { type: "message", role: "user", response_id: "r2", content: "Two?" },
  ];
  equal(readTurns(items), [
    { question: "One?", responseId: "r1" },
    { question: "Two?", responseId: "r2" },
  ]);
});
