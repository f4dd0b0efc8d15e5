/**
 * The conversation that the page shows: opens it, asks in it, stops it. One object for each visit;
 * `leave` ends all its work (answers go on at the server).
 */

import { applyResponse, emptyAnswer, isFinal } from "./accumulator.js";
import { ApiError } from "./api-error.js";
import { readTurns } from "./conversation-items.js";
import { persist } from "./persist.js";
import { followAnswer } from "./running-answer.js";
import { TurnView } from "./turn-view.js";

/**
 * @typedef {import("./accumulator.js").Answer} Answer
 *
 * @typedef {{
 *   api: import("./api.js").Api,
 *   list: HTMLElement,
 *   notice: import("./notice.js").Notice,
 *   turns: Omit<import("./turn-view.js").Surroundings, "onRetry">,
 *   onState: (state: import("./composer.js").ComposerState) => void,
 *   onCreated: (id: string) => void,
 *   onAccepted: () => void,
 *   onEnded: (answer: Answer) => void,
 * }} Surroundings
 *
 * onCreated: the conversation got its id. onAccepted: a question became a response.
 */

export class ConversationController {
  #id;
  #around;
  #leaving = new AbortController();
  /** @type {TurnView[]} */
  #turns = [];
  /** @type {string | null} */
  #running = null;
  #busy = false;
  #stopAsked = false;
  /** Ends the sending of a question that was not accepted yet. */
  #sending = new AbortController();
  /** Whether no request is under way: the next try is waited for. */
  #waiting = false;

  /**
   * @param {string | null} id null: a new one, which is created with its first question
   * @param {Surroundings} around
   */
  constructor(id, around) {
    this.#id = id;
    this.#around = around;
  }

  get id() {
    return this.#id;
  }

  get turns() {
    return this.#turns;
  }

  leave() {
    this.#leaving.abort();
    this.#around.notice.clear();
  }

  /**
   * Shows what was said so far, and joins the answer that is still running.
   *
   * @returns {Promise<void>} rejects with an ApiError when it cannot be opened
   */
  async open() {
    const id = /** @type {string} */ (this.#id);
    const { api } = this.#around;
    const items = await this.#persist((signal) => api.items(id, signal));
    const turns = readTurns(items);
    const responses = await this.#responsesOf(turns.map(({ responseId }) => responseId));
    this.#signal.throwIfAborted();
    turns.forEach(({ question }, index) => {
      const turn = this.#addTurn(question);
      const answer = applyResponse(emptyAnswer(), responses[index]);
      turn.showPhase("phase_queued");
      if (isFinal(answer)) turn.show(answer);
      else void this.#run(turn, responses[index].id);
    });
  }

  /**
   * @param {string} question
   */
  async ask(question) {
    // Set before anything is awaited: a second click in the same moment finds it.
    if (this.#busy) return;
    this.#busy = true;
    this.#stopAsked = false;
    this.#sending = new AbortController();
    this.#around.onState("running");
    const turn = this.#addTurn(question);
    try {
      const response = await this.#send(question, newKey());
      this.#around.onAccepted();
      await this.#run(turn, response.id);
    } catch (error) {
      if (this.#signal.aborted) return;
      if (this.#sending.signal.aborted) turn.withdraw();
      else turn.refuse("send_failed_title", error instanceof Error ? error.message : String(error));
      this.#rest();
    }
  }

  /**
   * Stops the running answer; before it has an id, as soon as it has one. A question that is still
   * to be sent again is not sent again.
   */
  stop() {
    if (!this.#busy || this.#stopAsked) return;
    this.#stopAsked = true;
    this.#around.onState("stopping");
    if (this.#running) void this.#cancel(this.#running);
    else if (this.#waiting) this.#sending.abort();
  }

  get #signal() {
    return this.#leaving.signal;
  }

  /**
   * @param {string} question
   * @param {string} key the same for each try, so that the question is accepted once
   */
  async #send(question, key) {
    const { api } = this.#around;
    const sending = this.#sending;
    if (!this.#id) {
      const created = await this.#persist((signal) => api.createConversation(signal), sending);
      this.#id = created.id;
      this.#around.onCreated(created.id);
    }
    const conversation = /** @type {string} */ (this.#id);
    return this.#persist((signal) => api.ask({ question, conversation, key }, signal), sending);
  }

  /**
   * @param {TurnView} turn
   * @param {string} responseId
   */
  async #run(turn, responseId) {
    const { notice, onState, onEnded } = this.#around;
    this.#busy = true;
    this.#running = responseId;
    onState(this.#stopAsked ? "stopping" : "running");
    if (this.#stopAsked) void this.#cancel(responseId);
    try {
      await followAnswer(responseId, {
        api: this.#around.api,
        signal: this.#signal,
        onAnswer: (answer) => turn.show(answer),
        onConnection: (connection) => (connection === "lost" ? notice.lost() : notice.clear()),
      });
    } catch (error) {
      turn.refuse("failed_title", error instanceof Error ? error.message : String(error));
    }
    if (this.#signal.aborted) return;
    this.#rest();
    if (turn.answer) onEnded(turn.answer);
  }

  #rest() {
    this.#busy = false;
    this.#running = null;
    this.#stopAsked = false;
    this.#around.notice.clear();
    this.#around.onState("idle");
  }

  /** @param {string} responseId */
  async #cancel(responseId) {
    try {
      await this.#persist((signal) => this.#around.api.cancel(responseId, signal));
    } catch (error) {
      // It ended by itself, or the page left: the stream says what became of it.
      if (!(error instanceof ApiError) && !this.#signal.aborted) throw error;
    }
  }

  /**
   * @param {string[]} ids
   * @returns {Promise<any[]>}
   */
  async #responsesOf(ids) {
    const results = new Array(ids.length);
    let next = 0;
    const fetchSome = async () => {
      while (next < ids.length) {
        const index = next++;
        results[index] = await this.#persist((signal) => this.#around.api.response(ids[index], signal));
      }
    };
    // A browser gives one server six connections; a stream may need one of them.
    await Promise.all([fetchSome(), fetchSome(), fetchSome(), fetchSome()]);
    return results;
  }

  /** @param {string} question */
  #addTurn(question) {
    const turn = new TurnView(question, {
      ...this.#around.turns,
      onRetry: (again) => void this.ask(again),
    });
    this.#turns.push(turn);
    this.#around.list.append(turn.element);
    return turn;
  }

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} request
   * @param {AbortController} [sending]
   */
  async #persist(request, sending) {
    const { notice } = this.#around;
    const wait = () => {
      this.#waiting = true;
      if (this.#stopAsked) sending?.abort();
    };
    /** @param {AbortSignal} signal */
    const attempt = (signal) => {
      this.#waiting = false;
      return request(signal);
    };
    return persist(attempt, {
      signal: sending ? AbortSignal.any([this.#signal, sending.signal]) : this.#signal,
      onLost: () => (notice.lost(), wait()),
      onFound: () => notice.clear(),
      onBusy: (waitMs) => (notice.busy(waitMs), wait()),
    });
  }
}

/** A fresh idempotency key. (crypto.randomUUID exists on https and loopback only.) */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
