import { colourCode, drawCodeBlock } from "/assets/code-block.js";
import { renderMarkdown } from "/assets/markdown.js";
import { equal, ok, test } from "./testing.js";

/** @param {string} markdown */
async function coloured(markdown) {
  const box = document.createElement("div");
  const context = { passages: new Set(), citationLabel: () => "", copyLabel: "Copy" };
  box.append(renderMarkdown(markdown, context));
  document.body.append(box);
  await colourCode([box]);
  return /** @type {HTMLElement} */ (box.querySelector("code"));
}

test("code of a known language is coloured and stays the same text", async () => {
  const code = await coloured("```python\ndef f():\n    return '<b>'\n```");
  equal(code.textContent, "def f():\n    return '<b>'\n");
  equal(code.querySelector(".hljs-keyword")?.textContent, "def");
});

test("colours are spans and nothing else", async () => {
  const code = await coloured("```html\n<script>window.hacked=1</script><img src=x onerror=hacked()>\n```");
  equal([...new Set([...code.querySelectorAll("*")].map((one) => one.tagName))], ["SPAN"]);
  ok(!("hacked" in window), "nothing ran");
});

test("code of an unknown language, or of none, stays plain", async () => {
  equal((await coloured("```qwertz\nx = 1\n```")).childElementCount, 0);
  equal((await coloured("```\nx = 1\n```")).childElementCount, 0);
});

test("very long code stays plain", async () => {
  equal((await coloured("```js\n" + "let x = 1;\n".repeat(5_000) + "```")).childElementCount, 0);
});

test("a language that is no plain name is not taken over", () => {
  const { element } = drawCodeBlock("x\" onload=y", "Copy");
  equal(element.dataset.language, undefined);
});

test("a code block can be copied and scrolled by keyboard", () => {
  const { element } = drawCodeBlock("js", "Copy");
  equal(element.querySelector("[data-copy]")?.getAttribute("aria-label"), "Copy");
  equal(element.querySelector("pre")?.getAttribute("tabindex"), "0");
});
