/** Follows one response from its first event to its end, and tells how its answer stands. */

import { applyEvent, applyResponse, emptyAnswer, isFinal } from "./accumulator.js";
import { follow } from "./feeder.js";
import { openLine } from "./lines.js";

/** @typedef {import("./accumulator.js").Answer} Answer */

/** How an answer stands, and who is told when that changes. */
export class AnswerState {
  /** @type {Answer} */
  answer;
  #onAnswer;

  /**
   * @param {string} responseId
   * @param {(answer: Answer) => void} onAnswer
   */
  constructor(responseId, onAnswer) {
    this.answer = { ...emptyAnswer(), responseId };
    this.#onAnswer = onAnswer;
  }

  /** @param {Answer} next */
  become(next) {
    this.answer = next;
    this.#onAnswer(next);
  }

  /**
   * @param {any} event
   * @returns {import("./accumulator.js").Outcome}
   */
  take(event) {
    const { answer, outcome } = applyEvent(this.answer, event);
    if (outcome === "applied") this.become(answer);
    return outcome;
  }

  /**
   * Takes how another tab has it, if that is further; text that does not go on from what is here
   * is drawn anew.
   *
   * @param {Answer} other
   */
  adopt(other) {
    if (other.cursor <= this.answer.cursor && !isFinal(other)) return;
    const grew = other.text.startsWith(this.answer.text);
    this.become({ ...other, revision: this.answer.revision + (grew ? 0 : 1) });
  }

  startOver() {
    const { responseId, revision } = this.answer;
    this.become({ ...emptyAnswer(), responseId, revision: revision + 1 });
  }
}

/**
 * @typedef {{
 *   api: import("./api.js").Api,
 *   signal: AbortSignal,
 *   onAnswer: (answer: Answer) => void,
 *   onConnection: (connection: import("./feeder.js").Connection) => void,
 *   state?: AnswerState,
 *   onEvent?: (event: any) => void,
 *   onStartOver?: () => void,
 *   onHeard?: () => void,
 *   silenceMs?: number,
 * }} Options
 *
 * state: where to go on. onEvent: it was taken. onHeard: the connection gave a sign of life.
 * silenceMs: how long a tab waits for the one that has the connection.
 */

/**
 * @param {string} responseId
 * @param {Options} options
 * @returns {Promise<void>} settles at the end or when the signal aborts; rejects with an ApiError
 */
export async function followAnswer(responseId, options) {
  const { api, signal, onAnswer, onConnection, onEvent, onStartOver, onHeard } = options;
  const state = options.state ?? new AnswerState(responseId, onAnswer);
  await follow({
    signal,
    onConnection,
    onHeard,
    cursor: () => state.answer.cursor,
    isDone: () => isFinal(state.answer),
    open: (cursor, line) => openLine(api, responseId, cursor, line),
    startOver() {
      state.startOver();
      onStartOver?.();
    },
    onEvent(event) {
      const outcome = state.take(event);
      if (outcome === "applied") onEvent?.(event);
      return outcome;
    },
    async settle(line) {
      const limit = AbortSignal.any([line, AbortSignal.timeout(15_000)]);
      const settled = applyResponse(state.answer, await api.response(responseId, limit));
      if (!isFinal(settled)) return false;
      state.become(settled);
      onStartOver?.();
      return true;
    },
  });
}
