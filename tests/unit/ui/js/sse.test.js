import { createFrameParser } from "/assets/sse.js";
import { equal, randomFrom, test } from "./testing.js";

/** @param {string[]} pieces */
function framesOf(pieces) {
  const frames = [];
  const parse = createFrameParser((frame) => frames.push(frame));
  pieces.forEach(parse);
  return frames;
}

test("a frame is its id and its data", () => {
  equal(framesOf(['id: 7\ndata: {"a":1}\n\n']), [{ id: "7", data: '{"a":1}' }]);
});

test("comments, events and unfinished frames are no frames", () => {
  equal(framesOf([": keep-alive\n\n", "event: x\n\n", "retry: 5\n\n", "data: never ended\n"]), []);
});

test("data lines are joined, and one leading space is dropped", () => {
  equal(framesOf(["data: a\ndata:  b\ndata:c\n\n"]), [{ id: null, data: "a\n b\nc" }]);
});

test("line ends of every kind are understood, and U+2028 is none", () => {
  const frames = framesOf(["\uFEFFdata: a\r\n\r\ndata: b\r\rdata: c\u2028d\u0085e\n\n"]);
  equal(
    frames.map((frame) => frame.data),
    ["a", "b", "c\u2028d\u0085e"],
  );
});

test("the frames are the same wherever the text is cut", () => {
  const text = 'id: 0\r\ndata: {"delta":"\\r\\n"}\r\n\r\n: keep-alive\n\nid: 1\ndata: x\ndata: y\n\n';
  const whole = framesOf([text]);
  for (let cut = 0; cut <= text.length; cut += 1) {
    equal(framesOf([text.slice(0, cut), "", text.slice(cut)]), whole, `cut at ${cut}`);
  }
  const random = randomFrom(1);
  equal(framesOf([...text]), whole, "one character at a time");
  for (let round = 0; round < 50; round += 1) {
    const pieces = [];
    for (let at = 0; at < text.length; ) {
      const next = at + 1 + Math.floor(random() * 9);
      pieces.push(text.slice(at, next));
      at = next;
    }
    equal(framesOf(pieces), whole, pieces.join("|"));
  }
});
