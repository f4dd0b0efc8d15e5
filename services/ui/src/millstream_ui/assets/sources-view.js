/** The passages an answer rests on, as a list of buttons that open them. */

import { make } from "./elements.js";

/**
 * @typedef {import("./accumulator.js").Passage} Passage
 * @typedef {import("./words.js").Say} Say
 */

/**
 * @param {Element} article
 * @returns {Set<number>} the numbers that its text cites
 */
export function citedNumbers(article) {
  const marks = article.querySelectorAll(".prose [data-cite]");
  return new Set([...marks].map((mark) => Number(mark.getAttribute("data-cite"))));
}

/**
 * @param {import("./accumulator.js").Answer} answer
 * @param {Set<number>} cited
 * @param {Say} say
 * @returns {Node[]}
 */
export function drawSources(answer, cited, say) {
  const used = answer.passages.filter(({ number }) => cited.has(number));
  const others = answer.passages.filter(({ number }) => !cited.has(number));
  const drawn = [];
  if (used.length > 0) {
    drawn.push(make("h3", { class: "sources-title" }, say("sources")), drawList(used));
  }
  if (others.length > 0) {
    const summary =
      answer.grounded === false
        ? say("closest_passages")
        : say(used.length > 0 ? "also_read" : "read", { count: others.length });
    drawn.push(
      make("details", { class: "other-sources" }, make("summary", {}, summary), drawList(others)),
    );
  }
  return drawn;
}

/** @param {Passage[]} passages */
function drawList(passages) {
  return make("ul", { class: "source-list" }, ...passages.map(drawSource));
}

/** @param {Passage} passage */
function drawSource({ number, document, place }) {
  return make(
    "li",
    {},
    make(
      "button",
      {
        type: "button",
        class: "source",
        "data-cite": String(number),
      },
      make("span", { class: "source-number" }, String(number)),
      make(
        "span",
        { class: "source-name" },
        make("span", { class: "source-document", dir: "auto" }, document),
        place ? make("span", { class: "source-place", dir: "auto" }, place) : null,
      ),
    ),
  );
}
