/**
 * How many connections this browser's tabs may keep open to the API. Over HTTP/1.1 a browser gives
 * one server six for all its tabs; streams take some of them at most, so that questions, stops and
 * the history always get through.
 */

import { ApiError } from "./api-error.js";
import { openSocketLine } from "./socket-line.js";

/** Of six. */
const MOST_STREAMS = 3;

/**
 * Opens a stream: over HTTP while there is room, then over a WebSocket, which browsers count apart.
 *
 * @param {import("./api.js").Api} api
 * @param {string} responseId
 * @param {number} cursor
 * @param {AbortSignal} signal aborts at the end of this stream, too
 * @returns {Promise<Response>}
 */
export async function openLine(api, responseId, cursor, signal) {
  if (await takeRoom(signal)) return api.stream(responseId, cursor, signal);
  try {
    return await openSocketLine(api.socketUrl(), responseId, cursor, signal);
  } catch (error) {
    if (error instanceof ApiError || signal.aborted) throw error;
    // A proxy on the way may let no socket through: then the browser's own queue decides.
    return api.stream(responseId, cursor, signal);
  }
}

/**
 * @param {AbortSignal} signal gives the room back
 * @returns {Promise<boolean>} also true where a browser cannot count over its tabs
 */
async function takeRoom(signal) {
  if (!navigator.locks) return true;
  for (let place = 0; place < MOST_STREAMS; place += 1) {
    if (await hold(`millstream-line-${place}`, signal)) return true;
  }
  return false;
}

/**
 * @param {string} name of a lock
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>}
 */
function hold(name, signal) {
  return new Promise((resolve, reject) => {
    const ended = new Promise((end) => {
      if (signal.aborted) end(undefined);
      signal.addEventListener("abort", () => end(undefined), { once: true });
    });
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : ended;
      })
      .catch(reject);
  });
}
