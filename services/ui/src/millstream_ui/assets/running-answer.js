/** Follows one response from its first event to its end, and tells how its answer stands. */

import { applyEvent, applyResponse, emptyAnswer, isFinal } from "./accumulator.js";
import { follow } from "./feeder.js";

/**
 * @typedef {import("./accumulator.js").Answer} Answer
 *
 * @param {string} responseId
 * @param {{
 *   api: import("./api.js").Api,
 *   signal: AbortSignal,
 *   onAnswer: (answer: Answer) => void,
 *   onConnection: (connection: import("./feeder.js").Connection) => void,
 * }} options
 * @returns {Promise<void>} settles at the end or when the signal aborts; rejects with an ApiError
 */
export async function followAnswer(responseId, { api, signal, onAnswer, onConnection }) {
  /** @type {Answer} */
  let answer = { ...emptyAnswer(), responseId };

  /** @param {Answer} next */
  function become(next) {
    answer = next;
    onAnswer(answer);
  }

  await follow({
    signal,
    onConnection,
    cursor: () => answer.cursor,
    isDone: () => isFinal(answer),
    open: (cursor, line) => api.stream(responseId, cursor, line),
    startOver: () => become({ ...emptyAnswer(), responseId, revision: answer.revision + 1 }),
    onEvent(event) {
      const { answer: next, outcome } = applyEvent(answer, event);
      if (outcome === "applied") become(next);
      return outcome;
    },
    async settle(line) {
      const limit = AbortSignal.any([line, AbortSignal.timeout(15_000)]);
      const response = await api.response(responseId, limit);
      const settled = applyResponse(answer, response);
      if (!isFinal(settled)) return false;
      become(settled);
      return true;
    },
  });
}
