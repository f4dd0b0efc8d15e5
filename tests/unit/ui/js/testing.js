/** Just enough of a test runner for a browser page. */

const LIMIT_MS = 60_000;

/** @type {[string, () => void | Promise<void>][]} */
const tests = [];

/** @param {string} name @param {() => void | Promise<void>} body */
export function test(name, body) {
  tests.push([name, body]);
}

/** @returns {Promise<Record<string, string | null>>} by name: null, or why it failed */
export async function run() {
  /** @type {Record<string, string | null>} */
  const outcomes = {};
  for (const [name, body] of tests) {
    try {
      await Promise.race([body(), tooLate()]);
      outcomes[name] = null;
    } catch (error) {
      outcomes[name] = String(/** @type {any} */ (error)?.stack ?? error);
    }
  }
  return outcomes;
}

/** @returns {Promise<never>} */
function tooLate() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not done after ${LIMIT_MS} ms`)), LIMIT_MS);
  });
}

/** @param {unknown} actual @param {unknown} expected @param {string} [what] */
export function equal(actual, expected, what = "value") {
  const [is, should] = [actual, expected].map((value) => JSON.stringify(value) ?? String(value));
  if (is !== should) throw new Error(`${what}\n  is     ${short(is)}\n  should ${short(should)}`);
}

/** @param {unknown} value @param {string} [what] */
export function ok(value, what = "value") {
  if (!value) throw new Error(`${what} is ${value}`);
}

/** @param {string} text */
function short(text) {
  return text.length > 600 ? `${text.slice(0, 300)} ... ${text.slice(-300)}` : text;
}

/** @param {number} seed @returns {() => number} the same numbers from 0 to 1 for the same seed */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @param {string} name @returns {Promise<any[]>} */
export async function recording(name) {
  return (await fetch(`/recordings/${name}`)).json();
}
