/** The quiet line under an answer: what is happening, and afterwards how long it took. */

import { make } from "./elements.js";

/**
 * @typedef {import("./accumulator.js").Answer} Answer
 * @typedef {import("./words.js").Say} Say
 */

/**
 * @param {Answer} answer one that is not final
 * @param {Say} say
 */
export function phaseText(answer, say) {
  switch (answer.phase) {
    case "searching":
      return say("phase_searching");
    case "reading":
      return say("phase_reading", { count: answer.passages.length });
    case "writing":
      return say("phase_writing");
    default:
      return answer.attempt > 1 ? say("phase_restarted") : waitingText(answer, say);
  }
}

/**
 * @param {Answer} answer
 * @param {Say} say
 */
function waitingText({ queuePosition, queueLine }, say) {
  const position = queuePosition ?? 1;
  // One answer of the conversation is being made, and is no part of the line.
  if (queueLine === "conversation") return say("phase_queued_turn", { count: position });
  return position > 1 ? say("phase_queued_position", { count: position - 1 }) : say("phase_queued");
}

/** @type {[string, string][]} */
const SPLIT = [
  ["queue_ms", "timing_queue"],
  ["retrieve_ms", "timing_retrieve"],
  ["grade_ms", "timing_grade"],
  ["rewrite_ms", "timing_rewrite"],
  ["model_first_token_ms", "timing_model"],
];

/**
 * @param {Answer} answer one that is final
 * @param {{cited: number, firstWordsMs: number | null}} seen on this page: firstWordsMs is from
 *   sending the question until its first words were here
 * @param {Say} say
 * @returns {Node[]}
 */
export function drawTimings({ status, timings, attempt }, { cited, firstWordsMs }, say) {
  const { first_token_ms: first, total_ms: total } = timings;
  const parts = [
    cited === 0 ? null : say("sources_used", { count: cited }),
    first == null ? null : say("timing_first", { time: say.duration(first) }),
    total == null ? null : say(status === "completed" ? "timing_total" : "timing_ended", { time: say.duration(total) }),
  ].filter((part) => part !== null);
  if (total == null) return [];
  /** @type {[string, number | null | undefined][]} */
  const split = [
    ...SPLIT.map(([key, word]) => /** @type {[string, number | null]} */ ([word, timings[key]])),
    ["timing_relay", first == null || firstWordsMs === null ? null : Math.max(0, firstWordsMs - first)],
  ];
  const rows = split.flatMap(([word, ms]) =>
    ms == null ? [] : [make("dt", {}, say(word)), make("dd", {}, say.duration(ms))],
  );
  if (attempt > 1) {
    rows.push(make("dt", {}, say("timing_attempts")), make("dd", {}, String(attempt)));
  }
  // Between two parts the line may break, and not within one.
  const summary = parts.flatMap((part, index) => [
    index === 0 ? null : " \u00b7 ",
    make("span", { class: "timing" }, part),
  ]);
  return [
    make(
      "details",
      { class: "timings" },
      make("summary", {}, ...summary),
      make("dl", {}, ...rows),
    ),
  ];
}
