/**
 * Shows a text that grows. What can no longer change is rendered once and left alone; only the last
 * block, which is still open, is rendered again, at most once a frame, and less often when that
 * costs much. So the work does not grow with the square of the text.
 */

import { renderMarkdown, splitBlocks } from "./markdown.js";

/** An open block may take this part of the time at most: one n-th. */
const OPEN_BLOCK_SHARE = 8;

export class StreamedMarkdown {
  #element = document.createElement("div");
  #open = document.createElement("div");
  #cursor = document.createElement("span");
  #source = "";
  #finalEnd = 0;
  #ended = false;
  /** @type {import("./markdown.js").Context} */
  #context;
  /** @type {Text | null} */
  #code = null;
  #frame = 0;
  #notBefore = 0;
  /** @type {() => void} */
  #afterRender;

  /**
   * @param {{citationLabel: (number: number) => string, afterRender?: () => void}} options
   */
  constructor({ citationLabel, afterRender = () => {} }) {
    this.#context = { references: {}, passages: new Set(), citationLabel };
    this.#afterRender = afterRender;
    this.#element.className = "prose";
    this.#open.className = "open-block";
    this.#cursor.className = "cursor";
    this.#element.append(this.#open);
  }

  get element() {
    return this.#element;
  }

  /** The Markdown shown so far, or about to be in the next frame. */
  get source() {
    return this.#source;
  }

  /**
   * @param {string} source all of the text so far; begins with what was shown before
   * @param {ReadonlySet<number>} passages the numbers that may be cited
   */
  update(source, passages) {
    this.#source = source;
    this.#context.passages = passages;
    this.#frame ||= requestAnimationFrame((now) => this.#onFrame(now));
  }

  /** Forgets all text. */
  clear() {
    this.#source = "";
    this.#finalEnd = 0;
    this.#ended = false;
    this.#context.references = {};
    this.#code = null;
    this.#open.replaceChildren();
    this.#element.replaceChildren(this.#open);
  }

  /** No more text comes: show all of it now, without the cursor. */
  end() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#ended = true;
    this.#render();
  }

  /** @param {number} now */
  #onFrame(now) {
    if (now < this.#notBefore) {
      this.#frame = requestAnimationFrame((later) => this.#onFrame(later));
      return;
    }
    this.#frame = 0;
    const start = performance.now();
    this.#render();
    const end = performance.now();
    this.#notBefore = end + (end - start) * (OPEN_BLOCK_SHARE - 1);
  }

  #render() {
    const open = this.#source.slice(this.#finalEnd);
    const { finalLength, openFence } = splitBlocks(open);
    if (finalLength > 0) this.#finish(open.slice(0, finalLength));
    if (openFence && !this.#ended) this.#renderOpenCode(openFence);
    else this.#renderOpen(open.slice(finalLength));
    this.#placeCursor();
    this.#afterRender();
  }

  /** @param {string} source whole blocks that are final now */
  #finish(source) {
    this.#open.before(renderMarkdown(source, this.#context));
    this.#finalEnd += source.length;
    this.#code = null;
  }

  /** @param {string} source */
  #renderOpen(source) {
    this.#code = null;
    // A definition that is cut in its middle must not be remembered.
    const context = { ...this.#context, references: { ...this.#context.references } };
    this.#open.replaceChildren(renderMarkdown(source, context));
  }

  /** @param {{language: string, content: string}} fence grows at its end only */
  #renderOpenCode({ language, content }) {
    if (this.#code && content.startsWith(this.#code.data)) {
      this.#code.appendData(content.slice(this.#code.data.length));
      return;
    }
    const pre = document.createElement("pre");
    if (language) pre.dataset.language = language;
    const code = pre.appendChild(document.createElement("code"));
    this.#code = code.appendChild(document.createTextNode(content));
    this.#open.replaceChildren(pre);
  }

  /** Puts the cursor behind the last word, however deep that is. */
  #placeCursor() {
    this.#cursor.remove();
    if (this.#ended) return;
    /** @type {Element} */
    let place = this.#open;
    while (place.lastElementChild && !isInline(place.lastElementChild)) place = place.lastElementChild;
    place.append(this.#cursor);
  }
}

/** @param {Element} element */
function isInline(element) {
  if (element.tagName === "CODE") return element.parentElement?.tagName !== "PRE";
  return /^(A|BUTTON|STRONG|EM|S|BR|HR|SPAN)$/.test(element.tagName);
}
