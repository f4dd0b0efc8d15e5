/**
 * Follows one response for all tabs of this browser that show it: one of them, which holds a lock,
 * has the connection, and the others hear from it over a channel. When its tab goes, the next one
 * takes over from its own cursor. A tab that hears nothing for long goes on alone.
 *
 * Where the browser has no locks (plain http on another machine) each tab has its own connection.
 */

import { isFinal } from "./accumulator.js";
import { pause } from "./backoff.js";
import { AnswerState, followAnswer } from "./running-answer.js";

/** The leader repeats every sign of life of its connection, which comes each 15 s at least. */
const SILENCE_MS = 45_000;
const BEAT_EVERY_MS = 5_000;
/** A leader that has told the end looks whether all have heard it: soon, and then less often. */
const LOOK_FIRST_MS = 20;
const LOOK_LAST_MS = 1_000;

/**
 * @typedef {import("./accumulator.js").Answer} Answer
 * @typedef {import("./feeder.js").Connection} Connection
 *
 * @typedef {(
 *   {kind: "ask"} |
 *   {kind: "answer", answer: Answer} |
 *   {kind: "events", events: any[]} |
 *   {kind: "connection", connection: Connection} |
 *   {kind: "beat"}
 * )} Message
 *
 * ask: whoever leads, say how the answer stands.
 */

/**
 * @param {string} responseId
 * @param {import("./running-answer.js").Options} options
 * @returns {Promise<void>} as followAnswer's
 */
export async function followShared(responseId, options) {
  if (!navigator.locks || !window.BroadcastChannel) return followAnswer(responseId, options);
  return new SharedFollower(responseId, options).run();
}

class SharedFollower {
  #responseId;
  #lockName;
  #options;
  #state;
  #channel;
  #leading = false;
  /** Whether anybody listens; without, a leader has nothing to repeat. */
  #audience = false;
  /** @type {any[]} events of one read, told in one message */
  #untold = [];
  #lastBeat = 0;
  #silence = 0;
  /** Ends the wait for the lock. */
  #waiting = new AbortController();
  #alone = false;

  /**
   * @param {string} responseId
   * @param {import("./running-answer.js").Options} options
   */
  constructor(responseId, options) {
    this.#responseId = responseId;
    this.#lockName = `millstream-answer-${responseId}`;
    this.#options = options;
    this.#state = new AnswerState(responseId, options.onAnswer);
    this.#channel = new BroadcastChannel(this.#lockName);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    options.signal.addEventListener("abort", () => this.#waiting.abort(), { once: true });
  }

  /** @returns {Promise<void>} settles at the end here; others may still have to hear of it */
  run() {
    return new Promise((resolve, reject) => {
      const done = this.#share(() => resolve());
      void done.then(resolve, reject).finally(() => this.#close());
    });
  }

  /** @param {() => void} onRead this tab has read all of it */
  async #share(onRead) {
    this.#say({ kind: "ask" });
    this.#heard();
    const signal = this.#waiting.signal;
    try {
      await navigator.locks.request(this.#lockName, { signal }, () => this.#lead(onRead));
    } catch (error) {
      // Waiting ended: the answer did, or the tab left, or nobody was heard.
      if (!this.#waiting.signal.aborted) throw error;
    }
    if (this.#alone && !this.#options.signal.aborted) await this.#follow();
  }

  #close() {
    clearTimeout(this.#silence);
    this.#waiting.abort();
    this.#channel.close();
  }

  /** @param {() => void} onRead */
  async #lead(onRead) {
    if (this.#waiting.signal.aborted) return;
    this.#leading = true;
    clearTimeout(this.#silence);
    await this.#follow();
    if (!isFinal(this.#state.answer)) return;
    onRead();
    await this.#endHeard();
  }

  /**
   * Keep the lock until nobody waits for it: it travels faster than what was said before. Who hears
   * nothing for as long as this goes on alone.
   */
  async #endHeard() {
    const { signal, silenceMs = SILENCE_MS } = this.#options;
    const deadline = performance.now() + silenceMs;
    let waitMs = LOOK_FIRST_MS;
    while (performance.now() < deadline && !signal.aborted) {
      const { pending = [] } = await navigator.locks.query();
      if (!pending.some((lock) => lock.name === this.#lockName)) return;
      await pause(waitMs, signal);
      waitMs = Math.min(2 * waitMs, LOOK_LAST_MS);
    }
  }

  #follow() {
    return followAnswer(this.#responseId, {
      ...this.#options,
      state: this.#state,
      onEvent: (event) => this.#tell(event),
      onStartOver: () => this.#audience && this.#say({ kind: "answer", answer: this.#state.answer }),
      onHeard: () => this.#beat(),
      onConnection: (connection) => {
        if (this.#audience) this.#say({ kind: "connection", connection });
        this.#options.onConnection(connection);
      },
    });
  }

  /** @param {Message} message */
  #hear(message) {
    if (message.kind === "ask") {
      this.#audience = true;
      if (this.#leading) this.#say({ kind: "answer", answer: this.#state.answer });
      return;
    }
    // Two lead for a moment when one was taken for lost; each believes its own connection.
    if (this.#leading || this.#alone) return;
    this.#audience = true;
    this.#heard();
    if (message.kind === "answer") this.#state.adopt(message.answer);
    else if (message.kind === "events") this.#take(message.events);
    else if (message.kind === "connection") this.#options.onConnection(message.connection);
    if (isFinal(this.#state.answer)) this.#waiting.abort();
  }

  /** @param {any[]} events */
  #take(events) {
    for (const event of events) {
      if (this.#state.take(event) === "hole") return this.#say({ kind: "ask" });
    }
  }

  /** @param {any} event that was just taken */
  #tell(event) {
    if (!this.#audience) return;
    if (this.#untold.push(event) === 1) queueMicrotask(() => this.#tellAll());
  }

  #tellAll() {
    const events = this.#untold;
    this.#untold = [];
    this.#say({ kind: "events", events });
  }

  #beat() {
    const now = performance.now();
    if (!this.#audience || now - this.#lastBeat < BEAT_EVERY_MS) return;
    this.#lastBeat = now;
    this.#say({ kind: "beat" });
  }

  #heard() {
    clearTimeout(this.#silence);
    this.#silence = window.setTimeout(() => {
      this.#alone = true;
      this.#waiting.abort();
    }, this.#options.silenceMs ?? SILENCE_MS);
  }

  /** @param {Message} message */
  #say(message) {
    try {
      this.#channel.postMessage(message);
    } catch (error) {
      // The channel is closed: this tab has left.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
