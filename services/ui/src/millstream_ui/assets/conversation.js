/**
 * The conversation that the page shows: opens it, asks in it, stops it. One object for each visit;
 * `leave` ends all its work (answers go on at the server).
 */

import { applyResponse, emptyAnswer, isFinal } from "./accumulator.js";
import { ApiError } from "./api-error.js";
import { fewAtOnce, readTurns } from "./conversation-items.js";
import { Sending, newKey } from "./sending.js";
import { followShared } from "./shared-answer.js";
import { troubleOf } from "./trouble.js";
import { TurnView } from "./turn-view.js";
import { UnfinishedAnswers } from "./unfinished-answers.js";

/**
 * @typedef {import("./accumulator.js").Answer} Answer
 *
 * @typedef {{
 *   api: import("./api.js").Api,
 *   list: HTMLElement,
 *   notice: import("./notice.js").Notice,
 *   turns: Pick<import("./turn-view.js").Surroundings, "say" | "onPassage" | "onPhase" | "afterRender">,
 *   onState: (state: import("./composer.js").ComposerState) => void,
 *   onCreated: (id: string) => void,
 *   onAccepted: () => void,
 *   onSignedOut: (question: string) => void,
 *   onReplaced: () => void,
 *   onEnded: (answer: Answer) => void,
 * }} Surroundings
 *
 * onCreated: the conversation got its id. onAccepted: a question became a response. onSignedOut: it
 * did not, because the reader has to sign in again. onReplaced: a turn, and the focus in it, went.
 */

export class ConversationController {
  #id;
  #around;
  #leaving = new AbortController();
  #sending;
  /** @type {TurnView[]} */
  #turns = [];
  #unfinished;
  /** @type {Promise<void>} settles when what was said so far is on the page */
  #opening = Promise.resolve();

  /**
   * @param {string | null} id null: a new one, which is created with its first question
   * @param {Surroundings} around
   */
  constructor(id, around) {
    this.#id = id;
    this.#around = around;
    this.#sending = new Sending(this.#leaving.signal, around.notice);
    this.#unfinished = new UnfinishedAnswers({
      cancel: (responseId) => void this.#cancel(responseId),
      onState: (state) => {
        around.list.classList.toggle("busy", state !== "idle");
        if (state === "idle") around.notice.clear();
        around.onState(state);
      },
    });
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
   * Shows what was said so far, and joins the answers that are not done. What is on the page
   * already stays, as far as it is still so: another tab may have asked, or asked again.
   *
   * @returns {Promise<void>} rejects with an ApiError when it cannot be opened
   */
  open() {
    const opening = this.#open();
    this.#opening = opening.catch(() => undefined);
    return opening;
  }

  async #open() {
    const id = this.#id;
    // What this tab has asked it shows already.
    if (id === null || this.#unfinished.isBusy) return;
    const { api } = this.#around;
    const turns = readTurns(await this.#sending.request((signal) => api.items(id, signal)));
    const isShown = (/** @type {{responseId: string}} */ turn, /** @type {number} */ index) =>
      this.#turns[index]?.answer?.responseId === turn.responseId;
    const firstNew = turns.findIndex((turn, index) => !isShown(turn, index));
    const kept = firstNew < 0 ? turns.length : firstNew;
    const added = turns.slice(kept);
    const responses = await fewAtOnce(added, ({ responseId }) =>
      this.#sending.request((signal) => api.response(responseId, signal)),
    );
    this.#leaving.signal.throwIfAborted();
    if (this.#unfinished.isBusy) return;
    if (added.length > 0) this.#turns.splice(kept).forEach((turn) => turn.element.remove());
    added.forEach(({ question }, index) => {
      const turn = this.#addTurn(question, null);
      const answer = applyResponse(emptyAnswer(), responses[index]);
      if (isFinal(answer)) turn.show(answer);
      else {
        turn.showPhase("phase_queued");
        void this.#run(turn, responses[index].id);
      }
    });
  }

  /** @param {string} question */
  async ask(question) {
    await this.#opening;
    await this.#ask(question, null);
  }

  /**
   * Stops every answer that is not done: one in line would begin when the one before it stops. An
   * answer without an id is stopped as soon as it has one. A question that is still to be sent again
   * is not sent again.
   */
  stop() {
    if (this.#unfinished.stop() === 0) this.#sending.takeBack();
  }

  /**
   * @param {string} question
   * @param {TurnView | null} replaced the last turn, whose place the question takes
   */
  async #ask(question, replaced) {
    // Set before anything is awaited: a second click in the same moment finds it.
    if (this.#unfinished.isBusy) return;
    this.#unfinished.begin();
    this.#sending.begin();
    if (replaced) replaced.element.hidden = true;
    const turn = this.#addTurn(question, replaced);
    turn.sent();
    try {
      const response = await this.#send(question, replaced?.answer?.responseId ?? null);
      if (replaced) this.#drop(replaced);
      this.#around.onAccepted();
      await this.#run(turn, response.id);
    } catch (error) {
      if (this.#leaving.signal.aborted) return;
      if (replaced) replaced.element.hidden = false;
      const { say } = this.#around.turns;
      if (!this.#sending.wasTakenBack) turn.refuse(troubleOf(error, say, "send_failed_title"));
      else if (replaced) this.#drop(turn);
      else turn.withdraw();
      if (error instanceof ApiError && error.signedOut) this.#around.onSignedOut(question);
      this.#unfinished.rest();
    }
  }

  /**
   * @param {string} question
   * @param {string | null} replaces
   */
  async #send(question, replaces) {
    const { api } = this.#around;
    const key = newKey();
    if (!this.#id) {
      const created = await this.#sending.ask((signal) => api.createConversation(signal));
      this.#id = created.id;
      this.#around.onCreated(created.id);
    }
    const conversation = /** @type {string} */ (this.#id);
    return this.#sending.ask((signal) => api.ask({ question, conversation, key, replaces }, signal));
  }

  /**
   * @param {TurnView} turn
   * @param {string} responseId
   */
  async #run(turn, responseId) {
    const { notice, turns, onEnded } = this.#around;
    this.#unfinished.add(responseId);
    try {
      await followShared(responseId, {
        api: this.#around.api,
        signal: this.#leaving.signal,
        onAnswer: (answer) => turn.show(answer),
        onConnection: (connection) => (connection === "lost" ? notice.lost() : notice.clear()),
      });
    } catch (error) {
      turn.refuse(troubleOf(error, turns.say, "failed_title"));
    }
    if (this.#leaving.signal.aborted) return;
    this.#unfinished.ended(responseId);
    if (turn.answer && isFinal(turn.answer)) onEnded(turn.answer);
  }

  /**
   * An answer that failed is replaced; a question that was refused is sent again; an answer that
   * could not be had is asked for again.
   *
   * @param {TurnView} turn
   * @param {TurnView | null} replaced whose place it was to take
   */
  #retry(turn, replaced) {
    if (this.#unfinished.isBusy) return;
    const { answer } = turn;
    if (answer?.responseId && isFinal(answer)) void this.#ask(turn.question, turn);
    else if (answer?.responseId) {
      turn.resume();
      void this.#run(turn, answer.responseId);
    } else this.#askInstead(turn, turn.question, replaced);
  }

  /**
   * A question that was never accepted makes way for another.
   *
   * @param {TurnView} refused
   * @param {string} question
   * @param {TurnView | null} replaced whose place it was to take
   */
  #askInstead(refused, question, replaced) {
    if (this.#unfinished.isBusy) return;
    this.#drop(refused);
    void this.#ask(question, replaced);
  }

  /** @param {string} responseId */
  async #cancel(responseId) {
    try {
      await this.#sending.request((signal) => this.#around.api.cancel(responseId, signal));
    } catch (error) {
      // It ended by itself, or the page left: the stream says what became of it.
      if (!(error instanceof ApiError) && !this.#leaving.signal.aborted) throw error;
    }
  }

  /**
   * @param {string} question
   * @param {TurnView | null} replaced
   */
  #addTurn(question, replaced) {
    const turn = new TurnView(question, {
      ...this.#around.turns,
      onRetry: (again) => this.#retry(again, replaced),
      onReplace: (old, edited) => {
        if (old.answer) void this.#ask(edited, old);
        else this.#askInstead(old, edited, replaced);
        this.#around.onReplaced();
      },
      onFeedback: (id, feedback) =>
        this.#around.api.feedback(id, feedback, AbortSignal.timeout(15_000)),
    });
    this.#turns.push(turn);
    this.#around.list.append(turn.element);
    return turn;
  }

  /** @param {TurnView} turn */
  #drop(turn) {
    turn.element.remove();
    this.#turns = this.#turns.filter((one) => one !== turn);
  }
}
