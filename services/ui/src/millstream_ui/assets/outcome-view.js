/** What stands above an answer that did not simply succeed: what went wrong, one thing to do. */

import { icon, make } from "./elements.js";

/** @typedef {import("./accumulator.js").Answer} Answer */

/**
 * Draws a calm box.
 *
 * @param {"failed" | "incomplete"} kind
 * @param {string} title
 * @param {string} reason
 * @param {{label: string, act: () => void}} [action]
 */
export function drawOutcome(kind, title, reason, action) {
  return make(
    "div",
    { class: `notice-box ${kind}`, role: "group" },
    icon("alert"),
    make(
      "div",
      { class: "notice-text" },
      make("p", { class: "notice-title" }, title),
      reason ? make("p", { class: "notice-reason", dir: "auto" }, reason) : null,
    ),
    action
      ? make("button", { type: "button", class: "quiet-button", onclick: action.act }, action.label)
      : null,
  );
}

/** @param {Answer} answer */
export function isUngrounded(answer) {
  return answer.status === "completed" && answer.grounded === false;
}

/**
 * @param {Answer} answer
 * @param {import("./words.js").Say} say
 * @param {() => void} retry
 * @returns {Node[]} nothing for an answer that simply succeeded
 */
export function outcomesOf(answer, say, retry) {
  const again = { label: say("retry"), act: retry };
  if (answer.status === "failed") {
    return [drawOutcome("failed", say("failed_title"), answer.reason ?? say("failed_unknown"), again)];
  }
  if (answer.status === "incomplete") {
    const key = `incomplete_${answer.incompleteReason}`;
    return [drawOutcome("incomplete", say("incomplete_title"), say.has(key) ? say(key) : "", again)];
  }
  if (answer.status === "cancelled") {
    return [drawCancelled(say)];
  }
  if (isUngrounded(answer)) {
    return [make("p", { class: "ungrounded-title" }, icon("search"), say("ungrounded_title"))];
  }
  return [];
}

/** @param {import("./words.js").Say} say */
export function drawCancelled(say) {
  return make("p", { class: "cancelled" }, icon("stop"), say("cancelled"));
}
