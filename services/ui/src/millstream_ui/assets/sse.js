/**
 * Splits the text of a server-sent event stream into frames.
 *
 * @typedef {{id: string | null, data: string}} Frame
 */

const LINE_END = /\r\n|\n|\r/;

/**
 * @param {(frame: Frame) => void} onFrame called once for each whole frame that has data
 * @returns {(text: string) => void} feed it the text as it arrives, cut anywhere
 */
export function createFrameParser(onFrame) {
  let rest = "";
  let first = true;
  /** @type {string | null} */
  let id = null;
  /** @type {string[]} */
  let data = [];

  /** @param {string} line */
  function takeLine(line) {
    if (line === "") {
      if (data.length > 0) onFrame({ id, data: data.join("\n") });
      id = null;
      data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "id") id = value;
    // An empty field name is a comment (a keep-alive); `event` and `retry` mean nothing here.
  }

  return (text) => {
    if (first && text !== "") {
      text = text.replace(/^\uFEFF/, "");
      first = false;
    }
    rest += text;
    // A carriage return at the very end may be half of "\r\n": it waits for what follows.
    const held = rest.endsWith("\r") ? 1 : 0;
    const lines = rest.slice(0, rest.length - held).split(LINE_END);
    rest = lines.pop() + rest.slice(rest.length - held);
    lines.forEach(takeLine);
  };
}
