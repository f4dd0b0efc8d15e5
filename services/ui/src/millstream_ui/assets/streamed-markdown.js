/**
 * Shows a text that grows. What can no longer change is rendered once and left alone; only the last
 * block, which is still open, is rendered again, at most once a frame, and less often when that
 * costs much. So the work does not grow with the square of the text.
 */

import { renderMarkdown, splitBlocks } from "./markdown.js";
import { OpenBlock } from "./open-block.js";

/** An open block may take this part of the time at most: one n-th. */
const OPEN_BLOCK_SHARE = 8;

/** The head of what may become a table, as long as its second line does not say so. */
const TABLE_BEGUN = /(^|\n)\|[^\n]*(\n[ \t|:-]*)?$/;

/** @type {import("./markdown.js").Shape} */
const OTHER = { kind: "other" };

export class StreamedMarkdown {
  #element = document.createElement("div");
  #open = new OpenBlock();
  #cursor = document.createElement("span");
  #source = "";
  #finalEnd = 0;
  #ended = false;
  /** @type {import("./markdown.js").Context} */
  #context;
  #shape = OTHER;
  /** So much of the source was searched for blocks; only a new line can change what is found. */
  #searchedTo = 0;
  #frame = 0;
  #notBefore = 0;
  /** @type {() => void} */
  #afterRender;
  /** @type {(nodes: Node[]) => void} */
  #onFinal;

  /**
   * @param {{
   *   citationLabel: (number: number) => string,
   *   copyLabel?: string,
   *   afterRender?: () => void,
   *   onFinal?: (nodes: Node[]) => void,
   * }} options onFinal: these will not be drawn again
   */
  constructor({ citationLabel, copyLabel = "", afterRender = () => {}, onFinal = () => {} }) {
    this.#context = { references: {}, passages: new Set(), citationLabel, copyLabel };
    this.#afterRender = afterRender;
    this.#onFinal = onFinal;
    this.#element.className = "prose";
    this.#cursor.className = "cursor";
    this.#element.append(this.#open.element);
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
    this.#searchedTo = 0;
    this.#shape = OTHER;
    this.#ended = false;
    this.#context.references = {};
    this.#open.clear();
    this.#element.replaceChildren(this.#open.element);
  }

  /** No more text comes: show all of it now, without the cursor. */
  end() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#ended = true;
    this.#render();
    this.#onFinal([this.#open.element]);
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
    const wholeLines = this.#source.lastIndexOf("\n") + 1;
    if (wholeLines > this.#searchedTo) this.#splitAt(wholeLines);
    // A definition that is cut in its middle must not be remembered.
    const context = { ...this.#context, references: { ...this.#context.references } };
    const shape = this.#ended ? OTHER : this.#shape;
    const open = this.#source.slice(this.#finalEnd);
    // Bars that turn into a table a moment later would flicker.
    const waits = !this.#ended && shape.kind === "other";
    this.#open.draw(waits ? open.replace(TABLE_BEGUN, "$1") : open, shape, context);
    this.#placeCursor();
    this.#afterRender();
  }

  /** @param {number} wholeLines offset behind the last line that is whole */
  #splitAt(wholeLines) {
    this.#searchedTo = wholeLines;
    const { finalLength, shape } = splitBlocks(this.#source.slice(this.#finalEnd, wholeLines));
    this.#shape = shape;
    if (finalLength === 0) return;
    const end = this.#finalEnd + finalLength;
    const final = renderMarkdown(this.#source.slice(this.#finalEnd, end), this.#context);
    const nodes = [...final.childNodes];
    this.#open.element.before(final);
    this.#onFinal(nodes);
    this.#open.clear();
    this.#finalEnd = end;
  }

  /** Puts the cursor behind the last word, however deep that is. */
  #placeCursor() {
    this.#cursor.remove();
    if (this.#ended) return;
    /** @type {Element} */
    let place = this.#open.element;
    while (place.lastElementChild && !isInline(place.lastElementChild)) place = place.lastElementChild;
    place.append(this.#cursor);
  }
}

/** @param {Element} element */
function isInline(element) {
  if (element.tagName === "CODE") return element.parentElement?.tagName !== "PRE";
  return /^(A|BUTTON|STRONG|EM|S|BR|HR|SPAN)$/.test(element.tagName);
}
