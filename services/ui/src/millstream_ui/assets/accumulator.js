/**
 * The state of one answer, and how each event of its stream changes it. Pure: no DOM, no network.
 *
 * @typedef {{
 *   number: number, document: string, place: string, text: string, score: number | null,
 * }} Passage
 *
 * @typedef {"queued" | "in_progress" | "completed" | "failed" | "incomplete" | "cancelled"} Status
 * @typedef {"queued" | "searching" | "reading" | "writing" | "done"} Phase
 *
 * @typedef {{
 *   responseId: string | null,
 *   cursor: number,
 *   status: Status,
 *   phase: Phase,
 *   queuePosition: number | null,
 *   queueLine: "workers" | "conversation" | null,
 *   text: string,
 *   revision: number,
 *   passages: Passage[],
 *   reason: string | null,
 *   incompleteReason: string | null,
 *   grounded: boolean | null,
 *   attempt: number,
 *   timings: Record<string, number | null>,
 *   feedback: Feedback | null,
 * }} Answer
 *
 * @typedef {{rating: "up" | "down", comment: string | null}} Feedback
 *
 * cursor: the number of the last event taken, -1 before any.
 * queueLine: of whom queuePosition is the place: of all that wait for a worker, or of those that wait
 *   for the answer before them in the conversation.
 * revision: rises when the text is anything but what it was with more behind it.
 * reason: why it failed, in the server's words.
 *
 * @typedef {"applied" | "repeat" | "hole" | "ignored"} Outcome
 */

/** @returns {Answer} */
export function emptyAnswer() {
  return {
    responseId: null,
    cursor: -1,
    status: "queued",
    phase: "queued",
    queuePosition: null,
    queueLine: null,
    text: "",
    revision: 0,
    passages: [],
    reason: null,
    incompleteReason: null,
    grounded: null,
    attempt: 0,
    timings: {},
    feedback: null,
  };
}

/** @param {Answer} answer */
export function isFinal(answer) {
  return answer.phase === "done";
}

/**
 * @param {Answer} answer
 * @param {any} event
 * @returns {{answer: Answer, outcome: Outcome}} a hole asks the feeder to resume from the cursor
 */
export function applyEvent(answer, event) {
  const number = event?.sequence_number;
  if (typeof event?.type !== "string" || !Number.isInteger(number)) {
    return { answer, outcome: "ignored" };
  }
  // It is told beside the stream, with the number of the event before it, and moves no cursor.
  if (event.type === "millstream.queue.position" && number <= answer.cursor) {
    return { answer: positioned(answer, event), outcome: "applied" };
  }
  if (number <= answer.cursor) return { answer, outcome: "repeat" };
  // A reset takes back all before it, so nothing is missing before it.
  if (number > answer.cursor + 1 && event.type !== "millstream.attempt.reset") {
    return { answer, outcome: "hole" };
  }
  const change = CHANGES[event.type];
  // What is unknown still moves the cursor: it was received.
  const changed = change ? change(answer, event) : answer;
  return { answer: { ...changed, cursor: number }, outcome: "applied" };
}

/**
 * The state that a response object tells, as it stands: for the history, and for the end.
 *
 * @param {Answer} answer what is known so far
 * @param {any} response
 * @returns {Answer}
 */
export function applyResponse(answer, response) {
  const details = response.millstream ?? {};
  const output = Array.isArray(response.output) ? response.output : [];
  const call = output.find((/** @type {any} */ item) => item.type === "file_search_call");
  const text = textOf(output);
  const known = {
    ...answer,
    responseId: response.id ?? answer.responseId,
    status: response.status ?? answer.status,
    reason: response.error?.message ?? null,
    incompleteReason: response.incomplete_details?.reason ?? null,
    grounded: details.grounded ?? answer.grounded,
    attempt: details.attempt ?? answer.attempt,
    timings: { ...answer.timings, ...details.timings },
    feedback: details.feedback ?? answer.feedback,
    passages: call?.results ? passagesOf(call.results) : answer.passages,
  };
  const ended = FINAL_STATUSES.has(known.status);
  const told = ended || text !== "" ? withText(known, text) : known;
  return { ...told, phase: ended ? "done" : told.phase };
}

const FINAL_STATUSES = new Set(["completed", "failed", "incomplete", "cancelled"]);

/** @type {Record<string, (answer: Answer, event: any) => Answer>} */
const CHANGES = {
  "response.created": whole,
  "response.queued": whole,
  "response.in_progress": whole,
  "response.completed": whole,
  "response.failed": whole,
  "response.incomplete": whole,
  "response.file_search_call.in_progress": (answer) => ({ ...answer, phase: "searching" }),
  "response.file_search_call.searching": (answer) => ({ ...answer, phase: "searching" }),
  "response.output_item.added": (answer, { item }) =>
    item?.type === "message" ? { ...answer, phase: "writing" } : answer,
  "response.output_item.done": (answer, { item }) =>
    item?.type === "file_search_call" && item.results
      ? { ...answer, phase: "reading", passages: passagesOf(item.results) }
      : answer,
  "response.output_text.delta": (answer, { delta }) =>
    typeof delta === "string"
      ? { ...answer, phase: "writing", text: answer.text + delta }
      : answer,
  "response.output_text.done": (answer, { text }) =>
    typeof text === "string" ? withText(answer, text) : answer,
  "millstream.attempt.reset": (answer, { attempt }) => ({
    ...withText(answer, ""),
    phase: answer.passages.length > 0 ? "reading" : "queued",
    attempt: attempt ?? answer.attempt,
  }),
  "millstream.queue.position": positioned,
};

/**
 * @param {Answer} answer
 * @param {any} event
 */
function positioned(answer, { position, line }) {
  const queueLine = line === "conversation" ? line : "workers";
  return { ...answer, queuePosition: Number.isInteger(position) ? position : null, queueLine };
}

/**
 * @param {Answer} answer
 * @param {any} event
 */
function whole(answer, event) {
  return event.response ? applyResponse(answer, event.response) : answer;
}

/**
 * @param {Answer} answer
 * @param {string} text
 * @returns {Answer}
 */
function withText(answer, text) {
  if (text === answer.text) return answer;
  const grew = text.startsWith(answer.text);
  return { ...answer, text, revision: grew ? answer.revision : answer.revision + 1 };
}

/** @param {any[]} output */
function textOf(output) {
  return output
    .filter((item) => item.type === "message")
    .flatMap((item) => item.content ?? [])
    .map((part) => part.text ?? "")
    .join("");
}

/**
 * @param {any[]} results
 * @returns {Passage[]}
 */
function passagesOf(results) {
  return results.map((result, index) => ({
    number: Number(result.attributes?.number ?? index + 1),
    document: String(result.filename ?? result.file_id ?? ""),
    place: String(result.attributes?.place ?? ""),
    text: String(result.text ?? ""),
    score: typeof result.score === "number" ? result.score : null,
  }));
}
