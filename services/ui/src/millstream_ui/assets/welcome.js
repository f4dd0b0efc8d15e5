/** What an empty page says. */

import { make } from "./elements.js";

/**
 * @param {string[]} suggestions
 * @param {import("./words.js").Say} say
 * @param {(question: string) => void} ask
 */
export function drawWelcome(suggestions, say, ask) {
  const buttons = suggestions.map((question) =>
    make(
      "button",
      { type: "button", class: "quiet-button suggestion", dir: "auto", onclick: () => ask(question) },
      question,
    ),
  );
  return make(
    "div",
    { class: "welcome" },
    make("h1", {}, say("welcome_title")),
    make("p", {}, say("welcome_text")),
    buttons.length > 0 ? make("div", { class: "suggestions" }, ...buttons) : null,
  );
}
