/**
 * Reads the items of a conversation as turns: each question with the response that answers it.
 *
 * @typedef {{question: string, responseId: string}} Turn
 *
 * @param {any[]} items oldest first
 * @returns {Turn[]}
 */
export function readTurns(items) {
  /** @type {Map<string, string[]>} */
  const asked = new Map();
  for (const item of items) {
    if (item.type !== "message" || item.role !== "user" || !item.response_id) continue;
    // A program may ask with more than one message.
    asked.set(item.response_id, [...(asked.get(item.response_id) ?? []), textOf(item.content)]);
  }
  return [...asked].map(([responseId, texts]) => ({ responseId, question: texts.join("\n\n") }));
}

/** @param {any} content */
function textOf(content) {
  if (typeof content === "string") return content;
  return (content ?? []).map((/** @type {any} */ part) => part.text ?? "").join("");
}

/** A browser gives one server six connections; streams may need some of them. */
const AT_ONCE = 3;

/**
 * @template T, R
 * @param {T[]} entries
 * @param {(entry: T) => Promise<R>} fetchOne
 * @returns {Promise<R[]>} in the order of the entries
 */
export async function fewAtOnce(entries, fetchOne) {
  const results = new Array(entries.length);
  let next = 0;
  const fetchSome = async () => {
    while (next < entries.length) {
      const index = next++;
      results[index] = await fetchOne(entries[index]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, fetchSome));
  return results;
}
