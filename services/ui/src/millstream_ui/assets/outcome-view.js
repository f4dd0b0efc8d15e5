/** A calm box that says what went wrong, and offers one thing to do. */

import { icon, make } from "./elements.js";

/**
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
