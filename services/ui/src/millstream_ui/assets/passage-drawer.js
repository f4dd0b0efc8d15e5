/** Opens a passage in Dash's drawer, which keeps the focus and closes by Escape. */

import { make, whenDrawn } from "./elements.js";

/**
 * @param {import("./accumulator.js").Passage} passage
 * @param {import("./words.js").Say} say
 */
export async function showPassage(passage, say) {
  window.dash_clientside.set_props("passage", { opened: true, title: passage.document });
  const body = await whenDrawn("passage-body");
  body.replaceChildren(
    make(
      "p",
      { class: "passage-place", dir: "auto" },
      make("span", { class: "source-number" }, String(passage.number)),
      passage.place || say("passage_number", { number: passage.number }),
    ),
    make("p", { class: "passage-text", dir: "auto" }, begun(passage.text) || say("passage_missing")),
  );
}

/**
 * The API sends the beginning of a long passage; that it goes on should be seen.
 *
 * @param {string} text
 */
function begun(text) {
  return /[\p{L}\p{N},]$/u.test(text) ? `${text}\u2009\u2026` : text;
}
