import { renderMarkdown } from "/assets/markdown.js";
import { StreamedMarkdown } from "/assets/streamed-markdown.js";
import { equal, ok, randomFrom, test } from "./testing.js";

const PASSAGES = new Set([1, 2]);
const citationLabel = (number) => `Open ${number}`;

const DOCUMENT = `A **lease** is a *promise* [1] with
two lines.

# Title

1. one
2. two [2]

   with a paragraph

   - nested
   - list
3. three

Setext
------

> quoted
lazily

| a | b |
| - | -: |
| 1 | 2 |
| 3 | 4 |

\`\`\`python
def f():

    return "<b>"
\`\`\`

- tight
- list

    indented code

***

Last one, with a [link](https://example.org) and \`code\``;

/** @param {string} source */
function rendered(source) {
  const box = document.createElement("div");
  const context = { references: {}, passages: PASSAGES, citationLabel };
  box.append(renderMarkdown(source, context));
  return plain(box);
}

/** @param {Element} element */
function plain(element) {
  const copy = /** @type {Element} */ (element.cloneNode(true));
  copy.querySelectorAll(".open-block").forEach((open) => open.replaceWith(...open.childNodes));
  copy.querySelectorAll(".cursor").forEach((cursor) => cursor.remove());
  return copy.innerHTML.replace(/\s*\n\s*/g, "\n").trim();
}

/** A view, and a way to await what an update draws. */
function view() {
  let drawn = () => {};
  const shown = new StreamedMarkdown({ citationLabel, afterRender: () => drawn() });
  document.body.append(shown.element);
  /** @param {string} source */
  const draw = (source) =>
    new Promise((resolve) => {
      drawn = () => resolve(undefined);
      shown.update(source, PASSAGES);
    });
  return { shown, draw };
}

test("at the end the page shows what one rendering of the whole text shows", async () => {
  const random = randomFrom(7);
  for (let round = 0; round < 4; round += 1) {
    const { shown, draw } = view();
    for (let at = 0; at < DOCUMENT.length; ) {
      at += 1 + Math.floor(random() * 40);
      await draw(DOCUMENT.slice(0, at));
    }
    shown.end();
    equal(plain(shown.element), rendered(DOCUMENT), `round ${round}`);
  }
});

test("while it grows the page shows the words that one rendering would show", async () => {
  const { shown, draw } = view();
  /** @param {string} html */
  const words = (html) => {
    const box = document.createElement("div");
    box.innerHTML = html;
    return box.textContent?.replace(/\s+/g, "");
  };
  for (let at = 1; at < DOCUMENT.length; at += 2) {
    const source = DOCUMENT.slice(0, at);
    await draw(source);
    // What may become a fence or the head of a table waits.
    if (/[`~]$|\n\|[^\n]*(\n[ |:-]*)?$/.test(source)) continue;
    equal(words(plain(shown.element)), words(rendered(source)), JSON.stringify(source.slice(-30)));
  }
});

test("a cut anywhere in the text ends in the same page", async () => {
  for (let at = 1; at < DOCUMENT.length; at += 3) {
    const shown = new StreamedMarkdown({ citationLabel });
    shown.update(DOCUMENT.slice(0, at), PASSAGES);
    shown.end();
    shown.update(DOCUMENT, PASSAGES);
    shown.end();
    equal(plain(shown.element), rendered(DOCUMENT), `cut at ${at}: ${DOCUMENT.slice(at - 10, at)}`);
  }
});

test("what is final stays the same node", async () => {
  const { shown, draw } = view();
  await draw("First.\n\nSecond");
  await draw("First.\n\nSecond\n\nThird");
  const first = shown.element.firstElementChild;
  equal(first?.textContent, "First.");
  shown.update("First.\n\nSecond\n\nThird\n\nFourth\n", PASSAGES);
  shown.end();
  ok(shown.element.firstElementChild === first, "the same node");
});

test("an open code block only gets longer", async () => {
  const { shown, draw } = view();
  await draw("```\nline 1\n");
  const text = shown.element.querySelector("code")?.firstChild;
  await draw("```\nline 1\nline 2");
  ok(shown.element.querySelector("code")?.firstChild === text, "the same node");
  equal(text?.nodeValue, "line 1\nline 2");
});

test("the cursor stands behind the last word and goes at the end", async () => {
  for (const [source, parent] of [
    ["text", "P"],
    ["- a\n- b", "LI"],
    ["- a\n\n- b", "P"],
    ["> quote", "P"],
    ["```\ncode", "CODE"],
    ["a **b**", "P"],
    ["a `b`", "P"],
    ["|a|\n|-|\n|b|", "TD"],
  ]) {
    const { shown, draw } = view();
    await draw(source);
    const cursor = shown.element.querySelector(".cursor");
    equal(cursor?.parentElement?.tagName, parent, source);
    equal(cursor?.nextSibling, null, source);
    shown.end();
    equal(shown.element.querySelector(".cursor"), null, source);
  }
});

test("a retracted text leaves nothing behind", async () => {
  const { shown, draw } = view();
  await draw("First.\n\nSecond.\n\nThird");
  shown.clear();
  equal(shown.element.textContent, "");
  shown.update("Other", PASSAGES);
  shown.end();
  equal(plain(shown.element), "<p>Other</p>");
});

test("whole items and rows of an open block stay the same nodes", async () => {
  for (const [begin, more, rows] of [
    ["- a\n- b\n- c", "\n- d\n\n  e\n- f", "li"],
    ["1. a\n2. b\n3. c", "\n4. d\n5. e", "li"],
    ["|h|\n|-|\n|a|\n|b|\n|c", "|\n|d|\n|e", "tbody tr"],
  ]) {
    const { shown, draw } = view();
    await draw(begin);
    const first = shown.element.querySelector(rows);
    await draw(begin + more);
    const after = [...shown.element.querySelectorAll(rows)];
    ok(after[0] === first, `${begin}: the same node`);
    equal(after.map((row) => row.textContent?.trim()[0]).join(""), rows === "li" && begin[0] === "-" ? "abcdf" : "abcde");
    shown.end();
    equal(plain(shown.element), rendered(begin + more), begin);
  }
});

test("what follows an open list stands behind it", async () => {
  const { shown, draw } = view();
  await draw("- a\n- b\n");
  await draw("- a\n- b\n\nText");
  equal([...shown.element.querySelectorAll("li, p")].map((one) => one.textContent?.trim()), ["a", "b", "Text"]);
  equal(shown.element.querySelector(".cursor")?.parentElement?.tagName, "P");
});

test("the end of a code block is never shown as code", async () => {
  const { shown, draw } = view();
  await draw("```\nx\n``");
  equal(shown.element.querySelector("code")?.textContent, "x\n");
  await draw("```\nx\n```\n");
  await draw("```\nx\n```\n\nText");
  equal(shown.element.querySelector("p")?.textContent, "Text");
});

test("the head of a table is shown as a table or not at all", async () => {
  const { shown, draw } = view();
  for (const source of ["Text\n\n|", "Text\n\n| a | b |", "Text\n\n| a | b |\n| - |"]) {
    await draw(source);
    equal(shown.element.textContent?.trim(), "Text", source);
  }
  await draw("Text\n\n| a | b |\n| - | - |\n");
  equal(shown.element.querySelectorAll("th").length, 2);
});

test("bars that become no table are shown in the end", async () => {
  const { shown, draw } = view();
  await draw("| no table");
  shown.end();
  equal(shown.element.textContent?.trim(), "| no table");
});
