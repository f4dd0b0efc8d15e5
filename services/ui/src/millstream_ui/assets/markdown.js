/**
 * Markdown to safe nodes. Three layers, each enough alone: raw HTML is text to the parser, the
 * sanitizer keeps a short list of elements and attributes, and the page's policy (CSP) forbids
 * scripts and foreign images.
 */

import MarkdownIt from "./vendor/markdown-it.js";
import DOMPurify from "./vendor/dompurify.js";
import { drawCodeBlock } from "./code-block.js";

const CITATION = /^\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\](?![(:])/;

/**
 * @typedef {{
 *   references?: Record<string, any>,
 *   passages: ReadonlySet<number>,
 *   citationLabel: (number: number) => string,
 *   copyLabel?: string,
 * }} Context
 *
 * references: link definitions met so far. passages: the numbers that may be cited.
 */

const parser = MarkdownIt({ html: false, linkify: true, breaks: false });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
parser.validateLink = (/** @type {string} */ url) => /^(https?:|mailto:)/i.test(url.trim());
parser.inline.ruler.before("link", "citation", parseCitation);
Object.assign(parser.renderer.rules, {
  citation: renderCitation,
  fence: renderCode,
  code_block: renderCode,
  image: renderImage,
  th_open: renderCell,
  td_open: renderCell,
});

/** Finds blocks, and does not look into them. */
const blockParser = MarkdownIt({ html: false });
blockParser.core.ruler.enableOnly(["normalize", "block"]);

const PLAIN_ATTRIBUTES = ["title", "start", "align", "type", "aria-label", "data-cite", "data-language"];

const SANITIZER = {
  RETURN_DOM_FRAGMENT: /** @type {true} */ (true),
  ALLOWED_TAGS: [
    ..."p br hr h1 h2 h3 h4 h5 h6 strong em s a button code pre blockquote ul ol li".split(" "),
    ..."table thead tbody tr th td div".split(" "),
  ],
  ALLOWED_ATTR: ["href", ...PLAIN_ATTRIBUTES],
  // Their values are no addresses; without this they would have to look like one.
  ADD_URI_SAFE_ATTR: PLAIN_ATTRIBUTES,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
};

/**
 * @param {string} source
 * @param {Context} context
 * @returns {DocumentFragment}
 */
export function renderMarkdown(source, context) {
  const fragment = DOMPurify.sanitize(parser.render(source, context), SANITIZER);
  for (const link of fragment.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const pre of fragment.querySelectorAll("pre")) {
    const { element, code } = drawCodeBlock(pre.dataset.language ?? "", context.copyLabel ?? "");
    code.append(pre.textContent ?? "");
    pre.replaceWith(element);
  }
  return fragment;
}

/**
 * What is known of a block that may still grow, from its whole lines.
 *
 * @typedef {(
 *   {kind: "code", language: string, contentStart: number} |
 *   {kind: "rows", headEnd: number, keepTo: number} |
 *   {kind: "other"}
 * )} Shape
 *
 * rows: a list or a table; its items or rows between headEnd and keepTo are whole.
 *
 * @param {string} source
 * @returns {{finalLength: number, shape: Shape}}
 *   finalLength: so much of the source can no longer change its meaning, whatever follows: all
 *   blocks but the last, as whole lines tell them. shape: of what is left, with offsets into it.
 */
export function splitBlocks(source) {
  const whole = source.slice(0, source.lastIndexOf("\n") + 1);
  const tokens = blockParser.parse(whole, {});
  const last = tokens.findLastIndex((/** @type {any} */ token) => token.level === 0 && token.map);
  if (last < 0) return { finalLength: 0, shape: { kind: "other" } };
  const first = tokens[last].map[0];
  const finalLength = offsetOfLine(whole, first);
  /** @param {number} line */
  const offset = (line) => offsetOfLine(whole, line) - finalLength;
  return { finalLength, shape: shapeOf(tokens.slice(last), offset) };
}

/**
 * @param {any[]} tokens of one block
 * @param {(line: number) => number} offset
 * @returns {Shape}
 */
function shapeOf(tokens, offset) {
  const [block] = tokens;
  const [begin, end] = block.map;
  if (block.type === "fence") {
    const lines = block.content.split("\n").length - 1;
    const closed = end - begin > lines + 1;
    if (closed || offset(begin) !== 0) return { kind: "other" };
    return { kind: "code", language: languageOf(block), contentStart: offset(begin + 1) };
  }
  if (block.type === "bullet_list_open" || block.type === "ordered_list_open") {
    const items = tokens.filter(({ type, level }) => type === "list_item_open" && level === 1);
    return { kind: "rows", headEnd: 0, keepTo: offset(items.at(-1).map[0]) };
  }
  if (block.type === "table_open") {
    return { kind: "rows", headEnd: offset(begin + 2), keepTo: offset(end) };
  }
  return { kind: "other" };
}

/**
 * @param {string} source
 * @param {number} line
 */
function offsetOfLine(source, line) {
  let offset = 0;
  for (let at = 0; at < line; at += 1) {
    offset = source.indexOf("\n", offset) + 1;
    if (offset === 0) return source.length;
  }
  return offset;
}

/** @param {any} token */
function languageOf(token) {
  return (token.info ?? "").trim().split(/\s+/, 1)[0];
}

/**
 * The inline rule for `[1]` and `[1, 2]`, where those passages exist.
 *
 * @param {any} state
 * @param {boolean} silent
 */
function parseCitation(state, silent) {
  if (state.src.charCodeAt(state.pos) !== 0x5b /* [ */) return false;
  const match = CITATION.exec(state.src.slice(state.pos, state.pos + 32));
  if (!match) return false;
  const numbers = match[1].split(",").map(Number);
  if (!numbers.every((/** @type {number} */ number) => state.env.passages?.has(number))) return false;
  if (!silent) {
    for (const number of numbers) state.push("citation", "", 0).meta = number;
  }
  state.pos += match[0].length;
  return true;
}

/** @param {any[]} tokens @param {number} index @param {any} _options @param {Context} context */
function renderCitation(tokens, index, _options, context) {
  const number = tokens[index].meta;
  const label = parser.utils.escapeHtml(context.citationLabel(number));
  return `<button type="button" data-cite="${number}" aria-label="${label}">${number}</button>`;
}

/** @param {any[]} tokens @param {number} index */
function renderCode(tokens, index) {
  const { escapeHtml } = parser.utils;
  const language = escapeHtml(languageOf(tokens[index]));
  const attribute = language ? ` data-language="${language}"` : "";
  return `<pre${attribute}><code>${escapeHtml(tokens[index].content)}</code></pre>\n`;
}

/**
 * A picture is a link to itself: loading it would tell its server who reads what.
 *
 * @param {any[]} tokens @param {number} index @param {any} _options @param {any} _env @param {any} self
 */
function renderImage(tokens, index, _options, _env, self) {
  const { escapeHtml } = parser.utils;
  const token = tokens[index];
  const alt = escapeHtml(self.renderInlineAsText(token.children, {}, {}) || token.attrGet("src"));
  return `<a href="${escapeHtml(token.attrGet("src"))}">${alt}</a>`;
}

/** @param {any[]} tokens @param {number} index @param {any} options @param {any} _env @param {any} self */
function renderCell(tokens, index, options, _env, self) {
  const token = tokens[index];
  const align = /text-align:(left|center|right)/.exec(token.attrGet("style") ?? "")?.[1];
  token.attrs = align ? [["align", align]] : null;
  return self.renderToken(tokens, index, options);
}
