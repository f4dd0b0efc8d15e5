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
      if (answer.attempt > 1) return say("phase_restarted");
      return answer.queuePosition
        ? say("phase_queued_position", { count: answer.queuePosition })
        : say("phase_queued");
  }
}

/** @type {[string, string][]} */
const SPLIT = [
  ["queue_ms", "timing_queue"],
  ["retrieve_ms", "timing_retrieve"],
  ["grade_ms", "timing_grade"],
  ["model_first_token_ms", "timing_model"],
];

/**
 * @param {Answer} answer one that is final
 * @param {Say} say
 * @returns {Node[]}
 */
export function drawTimings({ timings, attempt }, say) {
  const { first_token_ms: first, total_ms: total } = timings;
  const parts = [
    first == null ? null : say("timing_first", { seconds: say.seconds(first) }),
    total == null ? null : say("timing_total", { seconds: say.seconds(total) }),
  ].filter((part) => part !== null);
  if (parts.length === 0) return [];
  const rows = SPLIT.filter(([key]) => timings[key] != null).flatMap(([key, word]) => [
    make("dt", {}, say(word)),
    make("dd", {}, say("seconds", { seconds: say.seconds(timings[key] ?? 0) })),
  ]);
  if (attempt > 1) {
    rows.push(make("dt", {}, say("timing_attempts")), make("dd", {}, String(attempt)));
  }
  return [
    make(
      "details",
      { class: "timings" },
      make("summary", {}, parts.join(", ")),
      make("dl", {}, ...rows),
    ),
  ];
}
