/**
 * What the server wrote into the document for this page (see page.py).
 *
 * @typedef {Record<string, string | Record<string, string>>} Words
 * @typedef {{apiUrl: string, suggestions: string[], words: Words}} Facts
 */

/** @returns {Facts} */
export function readFacts() {
  return JSON.parse(document.getElementById("millstream-page")?.textContent ?? "{}");
}
