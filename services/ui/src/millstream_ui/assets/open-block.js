/**
 * The last block of a growing text, which is drawn again whenever it grows. A long list, table or
 * code block is one block, so what is behind it is kept too: items, rows and lines that are whole
 * stay, and only the last one is drawn again.
 */

import { drawCodeBlock } from "./code-block.js";
import { renderMarkdown } from "./markdown.js";

/** A line that may become the end of a code block is not shown as code. */
const FENCE_BEGUN = /(^|\n) {0,3}(`{1,}|~{1,})[ \t]*$/;

/** @typedef {import("./markdown.js").Shape} Shape */

export class OpenBlock {
  #element = document.createElement("div");
  /** @type {Text | null} */
  #code = null;
  /** @type {Element | null} where whole items or rows are kept */
  #kept = null;
  #keptTo = 0;
  /** @type {ChildNode[]} what is drawn again */
  #tail = [];

  constructor() {
    this.#element.className = "open-block";
  }

  get element() {
    return this.#element;
  }

  clear() {
    this.#code = null;
    this.#kept = null;
    this.#tail = [];
    this.#element.replaceChildren();
  }

  /**
   * @param {string} source begins as it did last time, unless cleared
   * @param {Shape} shape as far as its whole lines tell
   * @param {import("./markdown.js").Context} context
   */
  draw(source, shape, context) {
    if (shape.kind === "code") this.#drawCode(source, shape, context);
    else if (shape.kind === "rows" && shape.keepTo > shape.headEnd) this.#drawRows(source, shape, context);
    else this.#drawWhole(source, context);
  }

  /**
   * @param {string} source
   * @param {import("./markdown.js").Context} context
   */
  #drawWhole(source, context) {
    this.clear();
    this.#element.append(renderMarkdown(source, context));
  }

  /**
   * @param {string} source
   * @param {{language: string, contentStart: number}} shape
   * @param {import("./markdown.js").Context} context
   */
  #drawCode(source, { language, contentStart }, context) {
    const content = source.slice(contentStart).replace(FENCE_BEGUN, "$1");
    if (this.#code && content.startsWith(this.#code.data)) {
      this.#code.appendData(content.slice(this.#code.data.length));
      return;
    }
    this.clear();
    const { element, code } = drawCodeBlock(language, context.copyLabel ?? "");
    this.#element.append(element);
    this.#code = code.appendChild(document.createTextNode(content));
  }

  /**
   * @param {string} source
   * @param {{headEnd: number, keepTo: number}} shape
   * @param {import("./markdown.js").Context} context
   */
  #drawRows(source, { headEnd, keepTo }, context) {
    // A table's rows are only rows below their head.
    const head = source.slice(0, headEnd);
    /** @param {number} from @param {number} [to] */
    const draw = (from, to) => renderMarkdown(head + source.slice(from, to), context);
    this.#tail.forEach((node) => node.remove());
    this.#tail = [];
    if (this.#kept === null) {
      this.clear();
      this.#element.append(draw(headEnd, keepTo));
      this.#kept = rowsIn(this.#element);
    } else if (keepTo > this.#keptTo) {
      this.#kept.append(...(rowsIn(draw(this.#keptTo, keepTo))?.childNodes ?? []));
    }
    this.#keptTo = keepTo;
    const rest = draw(keepTo);
    const rows = rowsIn(rest);
    const grown = rows ? [...rows.childNodes] : [];
    rest.firstElementChild?.remove();
    this.#tail = [...grown, ...rest.childNodes];
    this.#kept?.append(...grown);
    this.#element.append(rest);
  }
}

/**
 * @param {Element | DocumentFragment} drawn
 * @returns {Element | null} what holds the items of its list, or the rows of its table
 */
function rowsIn(drawn) {
  const block = drawn.firstElementChild;
  return block instanceof HTMLTableElement ? (block.tBodies[0] ?? null) : block;
}
