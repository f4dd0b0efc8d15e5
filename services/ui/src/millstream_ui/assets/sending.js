/**
 * Requests of one conversation, repeated until they are answered. The notice says what they wait
 * for; a question that waits to be sent again can be taken back.
 */

import { persist } from "./persist.js";

export class Sending {
  #signal;
  #notice;
  /** Ends the sending of a question that was not accepted yet. */
  #question = new AbortController();
  /** Whether no request is under way: the next try is waited for. */
  #waiting = false;
  #takenBack = false;

  /**
   * @param {AbortSignal} signal ends everything
   * @param {import("./notice.js").Notice} notice
   */
  constructor(signal, notice) {
    this.#signal = signal;
    this.#notice = notice;
  }

  /** A new question: what is sent as part of it can be taken back. */
  begin() {
    this.#question = new AbortController();
    this.#takenBack = false;
    this.#waiting = false;
  }

  /** Takes the question back, unless it may be on its way: then whoever asked must stop it. */
  takeBack() {
    this.#takenBack = true;
    if (this.#waiting) this.#question.abort();
  }

  /** Whether the question was not sent. */
  get wasTakenBack() {
    return this.#question.signal.aborted;
  }

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} request safe to send twice
   * @returns {Promise<T>}
   */
  ask(request) {
    return this.#persist(request, AbortSignal.any([this.#signal, this.#question.signal]), true);
  }

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} request safe to send twice
   * @returns {Promise<T>}
   */
  request(request) {
    return this.#persist(request, this.#signal, false);
  }

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} request
   * @param {AbortSignal} signal
   * @param {boolean} ofQuestion
   */
  #persist(request, signal, ofQuestion) {
    const wait = () => {
      if (!ofQuestion) return;
      this.#waiting = true;
      if (this.#takenBack) this.#question.abort();
    };
    /** @param {AbortSignal} limited */
    const attempt = (limited) => {
      this.#waiting = false;
      return request(limited);
    };
    return persist(attempt, {
      signal,
      onLost: () => (this.#notice.lost(), wait()),
      onFound: () => this.#notice.found(),
      onBusy: (waitMs) => (this.#notice.busy(waitMs), wait()),
    });
  }
}

/** A fresh idempotency key. (crypto.randomUUID exists on https and loopback only.) */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
