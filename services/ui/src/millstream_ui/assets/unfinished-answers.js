/** Which answers of a conversation are not done, and the one stop for all of them. */

export class UnfinishedAnswers {
  /** @type {Set<string>} one that is written, others in line */
  #responses = new Set();
  #isBusy = false;
  #stopAsked = false;
  #cancel;
  #onState;

  /**
   * @param {{
   *   cancel: (responseId: string) => void,
   *   onState: (state: import("./composer.js").ComposerState) => void,
   * }} around
   */
  constructor({ cancel, onState }) {
    this.#cancel = cancel;
    this.#onState = onState;
  }

  /** True from the moment a question is sent until nothing is left to be answered. */
  get isBusy() {
    return this.#isBusy;
  }

  /** A question is on its way; it has no id yet. */
  begin() {
    this.#isBusy = true;
    this.#onState(this.#stopAsked ? "stopping" : "running");
  }

  /**
   * It is being answered. One that was told to stop before it had an id is stopped now.
   *
   * @param {string} responseId
   */
  add(responseId) {
    this.#responses.add(responseId);
    this.begin();
    if (this.#stopAsked) this.#cancel(responseId);
  }

  /** @param {string} responseId */
  ended(responseId) {
    this.#responses.delete(responseId);
    if (this.#responses.size === 0) this.rest();
  }

  /** Nothing is left to be answered. */
  rest() {
    this.#stopAsked = false;
    this.#isBusy = false;
    this.#onState("idle");
  }

  /**
   * Stops all, once.
   *
   * @returns {number | null} how many were told; null when there is nothing to stop, or it was asked
   */
  stop() {
    if (!this.#isBusy || this.#stopAsked) return null;
    this.#stopAsked = true;
    this.#onState("stopping");
    // The last in line first: it would begin when the one before it stops.
    [...this.#responses].reverse().forEach(this.#cancel);
    return this.#responses.size;
  }
}
