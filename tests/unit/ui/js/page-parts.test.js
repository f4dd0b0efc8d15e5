import { emptyAnswer } from "/assets/accumulator.js";
import { ApiError } from "/assets/api-error.js";
import { fewAtOnce, readTurns } from "/assets/conversation-items.js";
import { drawTimings, phaseText } from "/assets/status-line.js";
import { troubleOf } from "/assets/trouble.js";
import { createSay } from "/assets/words.js";
import { equal, ok, test } from "./testing.js";

const say = createSay({
  language: "en",
  phase_queued: "Waiting",
  phase_queued_position: { one: "{count} ahead", other: "{count} are ahead" },
  phase_queued_turn: { one: "Behind the last answer", other: "Behind {count} answers" },
  phase_searching: "Searching",
  phase_reading: { one: "Reading {count} passage", other: "Reading {count} passages" },
  phase_writing: "Writing",
  phase_restarted: "Again",
  sources_used: { one: "{count} source", other: "{count} sources" },
  timing_first: "first {time}",
  timing_total: "total {time}",
  timing_ended: "ended {time}",
  timing_queue: "Queue",
  timing_retrieve: "Search",
  timing_grade: "Grading",
  timing_model: "Model",
  timing_rewrite: "Rewording",
  timing_relay: "Way",
  timing_attempts: "Attempts",
  seconds: "{seconds} s",
  milliseconds: "{count} ms",
  send_failed_title: "Not accepted",
  failed_title: "Failed",
  signed_out_title: "Signed out",
  signed_out_text: "Sign in",
  sign_in: "Again",
  missing_title: "Not there",
  missing_text: "Gone",
  open_failed_title: "Not opened",
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
    ["Waiting", "2 are ahead", "Again", "Searching"],
  );
  equal([at({ phase: "reading", passages }), at({ phase: "writing" })], ["Reading 2 passages", "Writing"]);
});

test("who waits in a conversation is told of its answers, and of no strangers' questions", () => {
  const at = (queuePosition) => phaseText({ ...emptyAnswer(), queuePosition, queueLine: "conversation" }, say);
  equal([at(1), at(3)], ["Behind the last answer", "Behind 3 answers"]);
});

test("timings are shown as far as they are known", () => {
  const timings = { first_token_ms: 400, total_ms: 2000, queue_ms: 5, grade_ms: null };
  const answer = { ...emptyAnswer(), status: "completed", timings, attempt: 2 };
  const [details] = drawTimings(answer, { cited: 2, firstWordsMs: 412.4 }, say);
  const summary = "2 sources \u00b7 first 400 ms \u00b7 total 2.0 s";
  equal(details.textContent, `${summary}Queue5 msWay12 msAttempts2`);
  const [replayed] = drawTimings(answer, { cited: 0, firstWordsMs: null }, say);
  equal(replayed.textContent, "first 400 ms \u00b7 total 2.0 sQueue5 msAttempts2");
  equal(drawTimings(emptyAnswer(), { cited: 0, firstWordsMs: null }, say), []);
  const stopped = { ...emptyAnswer(), status: "cancelled", timings: { total_ms: 300 } };
  const [ended] = drawTimings(stopped, { cited: 0, firstWordsMs: null }, say);
  equal(ended.textContent, "ended 300 ms", "an answer that was stopped");
});

test("a question that is refused for what is in it can be changed, and not sent again as it is", () => {
  const told = (status, title) => {
    const { retryHelps, editHelps } = troubleOf(new ApiError(status, "no", null, null), say, title);
    return { retryHelps, editHelps };
  };
  equal(told(400, "send_failed_title"), { retryHelps: false, editHelps: true });
  equal(told(413, "send_failed_title"), { retryHelps: false, editHelps: true });
  equal(told(409, "send_failed_title"), { retryHelps: true, editHelps: false });
  equal(told(400, "failed_title"), { retryHelps: true, editHelps: false });
});

test("an error says what a reader can do", () => {
  const signedOut = troubleOf(new ApiError(401, "no token", null, null), say, "open_failed_title");
  equal([signedOut.title, signedOut.action?.label], ["Signed out", "Again"]);
  for (const title of ["open_failed_title", "failed_title"]) {
    const missing = troubleOf(new ApiError(404, "none", null, null), say, title);
    const told = [missing.title, missing.reason, missing.action, missing.retryHelps];
    equal(told, ["Not there", "Gone", null, false], title);
  }
  const other = troubleOf(new ApiError(400, "too long", null, null), say, "open_failed_title");
  equal([other.title, other.reason, other.retryHelps], ["Not opened", "too long", true]);
});

test("much is fetched a few at once, and in order", async () => {
  let under = 0;
  let most = 0;
  const fetched = await fewAtOnce([5, 1, 4, 2, 3, 0], async (entry) => {
    most = Math.max(most, (under += 1));
    await new Promise((resolve) => setTimeout(resolve, entry));
    under -= 1;
    return entry * 2;
  });
  equal(fetched, [10, 2, 8, 4, 6, 0]);
  equal(most, 3);
});

test("a conversation's items are read as turns", () => {
  const items = [
    { type: "message", role: "user", response_id: "r1", content: [{ type: "input_text", text: "One?" }] },
    { type: "file_search_call", response_id: "r1" },
    { type: "message", role: "assistant", response_id: "r1", content: [] },
    { type: "message", role: "user", response_id: "r2", content: "Two?" },
    { type: "message", role: "user", response_id: null, content: "Nobody answers this." },
    { type: "message", role: "user", response_id: "r2", content: "Please." },
  ];
  equal(readTurns(items), [
    { responseId: "r1", question: "One?" },
    { responseId: "r2", question: "Two?\n\nPlease." },
  ]);
});
