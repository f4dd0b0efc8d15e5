/** The small line over the question box: connection lost, too many questions, one too early. */

import { make } from "./elements.js";

/** A new connection is mostly there before anyone would have missed the old one. */
const QUIET_MS = 1_000;

export class Notice {
  #element = make("div", { class: "notice", role: "status", hidden: true });
  #timer = 0;
  #say;
  #onGrown;

  /**
   * @param {import("./words.js").Say} say
   * @param {() => void} onGrown it stands now where something else was
   */
  constructor(say, onGrown) {
    this.#say = say;
    this.#onGrown = onGrown;
  }

  get element() {
    return this.#element;
  }

  /** Says after a moment that the connection is lost, unless `clear` comes first. */
  lost() {
    if (this.#timer || this.#element.dataset.kind === "lost") return;
    this.clear();
    this.#timer = window.setTimeout(() => {
      this.#show("lost", this.#say(navigator.onLine ? "connection_lost" : "offline"));
    }, QUIET_MS);
  }

  /** The connection is there again, or for the first time: that is no news of an early question. */
  found() {
    if (this.#element.dataset.kind !== "early") return this.clear();
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  /** Says that a question was not sent, an answer being made; unless worse is to be said. */
  early() {
    if (!this.#element.hidden) return;
    // A connection may just have gone: that is said all the same when its moment is over.
    const timer = this.#timer;
    this.#show("early", this.#say("question_early"));
    this.#timer = timer;
  }

  /**
   * Counts down to the next try.
   *
   * @param {number} waitMs
   */
  busy(waitMs) {
    this.clear();
    const end = performance.now() + waitMs;
    const tick = () => {
      const count = Math.ceil((end - performance.now()) / 1000);
      if (count <= 0) return this.clear();
      this.#show("busy", this.#say("busy_wait", { count }));
      this.#timer = window.setTimeout(tick, 250);
    };
    tick();
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#element.hidden = true;
    delete this.#element.dataset.kind;
  }

  /**
   * @param {string} kind
   * @param {string} text
   */
  #show(kind, text) {
    this.#timer = 0;
    this.#element.dataset.kind = kind;
    if (this.#element.textContent !== text) this.#element.textContent = text;
    if (!this.#element.hidden) return;
    this.#element.hidden = false;
    this.#onGrown();
  }
}
