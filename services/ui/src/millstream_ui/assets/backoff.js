/** How long to wait before the next try. */

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/**
 * Doubles with each failure up to a limit; half of it is chance, so that a thousand pages that lost
 * the same server do not come back in the same moment.
 *
 * @param {number} failures how many tries failed in a row, from 1
 * @param {number} chance 0 to 1
 * @returns {number} milliseconds
 */
export function backoffMs(failures, chance) {
  const limit = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return limit * (0.5 + chance / 2);
}

/**
 * Waits, but not longer than until the signal aborts or the browser says that it is online again.
 *
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const ends = new AbortController();
    const end = () => {
      clearTimeout(timer);
      ends.abort();
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { signal: ends.signal });
    globalThis.addEventListener?.("online", end, { signal: ends.signal });
  });
}
