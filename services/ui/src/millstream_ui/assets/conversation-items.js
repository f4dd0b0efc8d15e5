/**
 * Reads the items of a conversation as turns: each question with the response that answers it.
 *
 * @typedef {{question: string, responseId: string}} Turn
 *
 * @param {any[]} items oldest first
 * @returns {Turn[]}
 */
export function readTurns(items) {
  return items
    .filter((item) => item.type === "message" && item.role === "user" && item.response_id)
    .map((item) => ({ question: textOf(item.content), responseId: item.response_id }));
}

/** @param {any} content */
function textOf(content) {
  if (typeof content === "string") return content;
  return (content ?? []).map((/** @type {any} */ part) => part.text ?? "").join("");
}
