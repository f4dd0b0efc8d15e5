/** A block of code on the page, with a button that copies it; coloured once it is whole. */

import DOMPurify from "./vendor/dompurify.js";
import { icon, make } from "./elements.js";

/** Longer code stays plain: colouring it would be felt. */
const LONGEST_COLOURED = 40_000;
/** A name that a style sheet and a reader can do with. */
const LANGUAGE = /^[\w+#.-]{1,20}$/;

/**
 * @param {string} language as the text names it; may be empty
 * @param {string} copyLabel
 * @returns {{element: HTMLElement, code: HTMLElement}} where the code goes
 */
export function drawCodeBlock(language, copyLabel) {
  const code = make("code");
  const copy = make(
    "button",
    { type: "button", class: "icon-button", "data-copy": "code", "aria-label": copyLabel, title: copyLabel },
    icon("copy"),
  );
  const head = make("div", { class: "code-head" }, copy);
  const element = make(
    "div",
    { class: "code-block", dir: "ltr" },
    head,
    // It scrolls sideways, so the keyboard must reach it.
    make("pre", { tabindex: "0" }, code),
  );
  if (LANGUAGE.test(language)) {
    element.dataset.language = language;
    head.dataset.language = language;
  }
  return { element, code };
}

/**
 * Colours all code under these nodes whose language is known. The highlighter is fetched for the
 * first of it, and works when the page has nothing else to do.
 *
 * @param {Iterable<Node>} nodes
 */
export async function colourCode(nodes) {
  const blocks = [...nodes].flatMap(blocksIn).filter((block) => !("coloured" in block.dataset));
  if (blocks.length === 0) return;
  const { default: highlighter } = await import("./vendor/highlight.js");
  for (const block of blocks) {
    await idle();
    block.dataset.coloured = "";
    colour(highlighter, block);
  }
}

/**
 * @param {any} highlighter
 * @param {HTMLElement} block
 */
function colour(highlighter, block) {
  const code = block.querySelector("code");
  const text = code?.textContent ?? "";
  const language = (block.dataset.language ?? "").toLowerCase();
  if (!code || text.length > LONGEST_COLOURED || !highlighter.getLanguage(language)) return;
  const { value } = highlighter.highlight(text, { language, ignoreIllegals: true });
  const coloured = DOMPurify.sanitize(value, {
    RETURN_DOM_FRAGMENT: /** @type {true} */ (true),
    ALLOWED_TAGS: ["span"],
    ALLOWED_ATTR: ["class"],
  });
  // What is on the page stays what the model wrote, whatever a highlighter makes of it.
  if (coloured.textContent === text) code.replaceChildren(coloured);
}

/** @param {Node} node @returns {HTMLElement[]} */
function blocksIn(node) {
  if (!(node instanceof HTMLElement)) return [];
  const selector = ".code-block[data-language]";
  return [...(node.matches(selector) ? [node] : []), .../** @type {any} */ (node.querySelectorAll(selector))];
}

/** @returns {Promise<void>} */
function idle() {
  return new Promise((resolve) => {
    const wait = window.requestIdleCallback ?? ((/** @type {() => void} */ act) => setTimeout(act, 50));
    wait(() => resolve(), { timeout: 500 });
  });
}
