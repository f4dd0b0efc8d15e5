import { renderMarkdown, splitBlocks } from "/assets/markdown.js";
import { equal, ok, test } from "./testing.js";

const context = () => ({
  references: {},
  passages: new Set([1, 2, 12]),
  citationLabel: (number) => `Open ${number}`,
});

/** @param {string} source */
function html(source) {
  const box = document.createElement("div");
  box.append(renderMarkdown(source, context()));
  return box.innerHTML.trim();
}

/** @param {string} source @returns {Element} */
function render(source) {
  const box = document.createElement("div");
  box.append(renderMarkdown(source, context()));
  document.body.append(box);
  return box;
}

test("common Markdown becomes its elements", () => {
  equal(html("A **b** *c* `d`"), "<p>A <strong>b</strong> <em>c</em> <code>d</code></p>");
  equal(html("- a\n- b"), "<ul>\n<li>a</li>\n<li>b</li>\n</ul>");
  equal(html("3. a"), '<ol start="3">\n<li>a</li>\n</ol>');
  const code = render("```js\n<b>\n```").querySelector(".code-block");
  equal([code?.getAttribute("data-language"), code?.textContent], ["js", "<b>\n"]);
  ok(html("|a|b|\n|-|-:|\n|1|2|").includes('<td align="right">2</td>'), "table");
});

test("HTML is shown as the text it is", () => {
  equal(html("a <b>b</b>"), "<p>a &lt;b&gt;b&lt;/b&gt;</p>");
  equal(html("<p>c</p>"), "<p>&lt;p&gt;c&lt;/p&gt;</p>");
});

test("links open elsewhere and tell nothing", () => {
  const link = render("[a](https://example.org) https://example.com").querySelectorAll("a");
  equal([...link].map((one) => one.href), ["https://example.org/", "https://example.com/"]);
  equal([link[0].target, link[0].rel], ["_blank", "noopener noreferrer nofollow"]);
});

test("a picture is a link and is not loaded", () => {
  const box = render("![a cat](https://example.org/cat.png)");
  equal(box.querySelectorAll("img").length, 0);
  equal(box.querySelector("a")?.textContent, "a cat");
});

test("citations of known passages are buttons", () => {
  const cited = [...render("As said [1][2], [12].").querySelectorAll("button[data-cite]")];
  equal(cited.map((one) => one.getAttribute("data-cite")), ["1", "2", "12"]);
  equal(cited[0].getAttribute("aria-label"), "Open 1");
  equal(render("Both [1, 2]").querySelectorAll("[data-cite]").length, 2);
});

test("what only looks like a citation is text", () => {
  for (const source of ["a[3]", "`a[1]`", "```\na[1]\n```", "[1](https://example.org)", "\\[1]", "[01a]"]) {
    equal(render(source).querySelectorAll("[data-cite]").length, 0, source);
  }
});

const ATTACKS = [
  "<script>window.hacked = 1</script>",
  "<img src=x onerror='window.hacked=1'>",
  "<svg onload=window.hacked=1>",
  "<svg><script>window.hacked=1</script></svg>",
  "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
  "<a href='javascript:window.hacked=1'>x</a>",
  "<style>body{display:none}</style>",
  "<div style='position:fixed;inset:0'>x</div>",
  "<math><mtext></p><style><img src onerror=window.hacked=1></style></mtext></math>",
  "<form action=https://example.org><input name=q></form>",
  "[x](javascript:window.hacked=1)",
  "[x](JaVaScRiPt:window.hacked=1)",
  "[x](java\tscript:window.hacked=1)",
  "[x](&#106;avascript:window.hacked=1)",
  "[x](data:text/html;base64,PHNjcmlwdD4=)",
  "[x](vbscript:x)",
  "[x](//example.org/x)",
  "<javascript:window.hacked=1>",
  "![x](javascript:window.hacked=1)",
  "![x\" onerror=\"window.hacked=1](https://example.org/a.png)",
  "[x](https://example.org \"t\\\" onmouseover=\\\"window.hacked=1\")",
  "```\"><script>window.hacked=1</script>\nx\n```",
  "```js\" onmouseover=\"window.hacked=1\nx\n```",
  "|a|\n|:-:|\n|<b style=color:red>x</b>|",
  "[a]\n\n[a]: javascript:window.hacked=1",
  "<b data-cite=1 onclick=window.hacked=1>[1]</b>",
];

test("no attack leaves script, style, handler or foreign address", async () => {
  for (const attack of ATTACKS) {
    const box = render(attack);
    equal(box.querySelectorAll("script,style,img,svg,iframe,form,input,object,math").length, 0, attack);
    for (const element of box.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        ok(!name.startsWith("on") && name !== "style", `${attack}: ${name}`);
        if (name === "href") ok(/^(https?:|mailto:)/.test(value), `${attack}: ${value}`);
      }
    }
    for (const link of box.querySelectorAll("a, button")) link.dispatchEvent(new MouseEvent("mouseover"));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  equal(window.hacked, undefined);
});

test("a block is final when a later line has begun another", () => {
  /** @param {string} source */
  const final = (source) => source.slice(0, splitBlocks(source).finalLength);
  equal(final("one"), "");
  equal(final("one\n\ntwo"), "");
  equal(final("one\n\ntwo\n"), "one\n\n");
  equal(final("- a\n- b\n\n- c\n"), "");
  equal(final("- a\n\ntext\n"), "- a\n\n");
  equal(final("```\na\n\nb\n"), "");
  equal(final("a | b\n"), "");
  equal(final("text\na | b\n-|-\n1 | 2\n"), "text\n");
});

test("the block that is left is told by its shape", () => {
  /** @param {string} source */
  const shape = (source) => splitBlocks(source).shape;
  equal(shape("```js\nlet a;\nlet"), { kind: "code", language: "js", contentStart: 6 });
  equal(shape("```js\nlet a;\n```\n"), { kind: "other" }, "closed");
  equal(shape("text\n\n~~~\n\nx\n"), { kind: "code", language: "", contentStart: 4 });
  equal(shape("- a\n- b\n  more\n- c\n"), { kind: "rows", headEnd: 0, keepTo: 15 });
  equal(shape("x\n\n1. a\n"), { kind: "rows", headEnd: 0, keepTo: 0 });
  equal(shape("|a|\n|-|\n|1|\n|2"), { kind: "rows", headEnd: 8, keepTo: 12 });
  equal(shape("text\n"), { kind: "other" });
  equal(shape("```"), { kind: "other" });
});
