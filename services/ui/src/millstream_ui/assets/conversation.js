/**
 * The conversation that the page shows: opens it, follows its answers, stops them. One object for
 * each visit; `leave` ends all its work (answers go on at the server).
 */

import { applyResponse, emptyAnswer, isFinal } from "./accumulator.js";
import { ApiError } from "./api-error.js";
import { Asking } from "./asking.js";
import { fewAtOnce, readTurns } from "./conversation-items.js";
import { Sending } from "./sending.js";
import { followShared } from "./shared-answer.js";
import { troubleOf } from "./trouble.js";
import { TurnList } from "./turn-list.js";
import { TurnView } from "./turn-view.js";
import { UnfinishedAnswers } from "./unfinished-answers.js";

/**
 * @typedef {import("./accumulator.js").Answer} Answer
 *
 * @typedef {{
 *   api: import("./api.js").Api,
 *   list: HTMLElement,
 *   notice: import("./notice.js").Notice,
 *   turns: Pick<import("./turn-view.js").Surroundings, "say" | "onPassage" | "announce" | "afterRender">,
 *   onState: (state: import("./composer.js").ComposerState) => void,
 *   onCreated: (id: string) => void,
 *   onAccepted: () => void,
 *   onSignedOut: (question: string) => void,
 *   onNotAsked: (question: string) => void,
 *   onReplaced: () => void,
 *   onBehind: () => void,
 *   onEnded: (answer: Answer) => void,
 * }} Surroundings
 *
 * onCreated: the conversation got its id. onAccepted: a question became a response. onSignedOut: it
 * did not, because the reader has to sign in again. onNotAsked: it was not sent, and has no turn.
 * onReplaced: what was pressed in a turn, and the focus with it, went. onBehind: it has come to rest,
 * and was to be opened again before.
 */

export class ConversationController {
  #id;
  #around;
  #leaving = new AbortController();
  #sending;
  #list;
  #unfinished;
  #asking;
  /** @type {Promise<void>} settles when what was said so far is on the page */
  #opening = Promise.resolve();
  /** Whether it was to be opened again while busy: what this tab has asked may not be all. */
  #isBehind = false;
  /** What was begun last to be read of it. */
  #reading = 0;

  /**
   * @param {string | null} id null: a new one, which is created with its first question
   * @param {Surroundings} around
   */
  constructor(id, around) {
    this.#id = id;
    this.#around = around;
    this.#list = new TurnList(around.list);
    this.#sending = new Sending(this.#leaving.signal, around.notice);
    this.#unfinished = new UnfinishedAnswers({
      cancel: (responseId) => void this.#cancel(responseId),
      onState: (state) => {
        around.list.classList.toggle("busy", state !== "idle");
        if (state === "idle") around.notice.clear();
        around.onState(state);
        if (state === "idle" && this.#isBehind) around.onBehind();
      },
    });
    this.#asking = new Asking({
      api: around.api,
      say: around.turns.say,
      list: this.#list,
      sending: this.#sending,
      unfinished: this.#unfinished,
      leaving: this.#leaving.signal,
      draw: (question) => this.#draw(question),
      conversation: () => this.#created(),
      onAccepted: (turn, responseId) => {
        around.onAccepted();
        void this.#follow(turn, responseId);
      },
      onSignedOut: around.onSignedOut,
    });
  }

  get id() {
    return this.#id;
  }

  get turns() {
    return this.#list.turns;
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
    if (id === null) return;
    this.#isBehind = this.#unfinished.isBusy;
    if (this.#isBehind) return;
    const reading = (this.#reading += 1);
    const { api } = this.#around;
    const turns = readTurns(await this.#sending.request((signal) => api.items(id, signal)));
    const kept = this.#list.countShown(turns.map(({ responseId }) => responseId));
    const added = turns.slice(kept);
    const responses = await fewAtOnce(added, ({ responseId }) =>
      this.#sending.request((signal) => api.response(responseId, signal)),
    );
    this.#leaving.signal.throwIfAborted();
    this.#isBehind = this.#unfinished.isBusy;
    // What was read since knows more.
    if (this.#isBehind || reading !== this.#reading) return;
    if (added.length > 0) this.#list.dropFrom(kept);
    added.forEach(({ question }, index) => this.#join(question, responses[index]));
  }

  /** @param {string} question */
  async ask(question) {
    await this.#opening;
    const left = this.#leaving.signal.aborted;
    if (!left && !this.#unfinished.isBusy) return this.#asking.ask(question);
    this.#around.onNotAsked(question);
    // What was opened is still being answered: another tab, or another browser, had asked.
    if (!left) this.#around.notice.early();
  }

  /**
   * Stops every answer that is not done: one in line would begin when the one before it stops. An
   * answer without an id is stopped as soon as it has one. A question that is still to be sent again
   * is not sent again.
   */
  stop() {
    if (this.#unfinished.stop() === 0) this.#sending.takeBack();
  }

  /** Creates a conversation that is new. */
  async #created() {
    if (this.#id) return this.#id;
    const { api, onCreated } = this.#around;
    const { id } = await this.#sending.ask((signal) => api.createConversation(signal));
    this.#id = id;
    onCreated(id);
    return id;
  }

  /**
   * @param {string} question
   * @param {any} response as the API has it
   */
  #join(question, response) {
    const turn = this.#draw(question);
    this.#list.add(turn);
    const answer = applyResponse(emptyAnswer(), response);
    if (isFinal(answer)) turn.show(answer);
    else {
      turn.showPhase("phase_queued");
      void this.#follow(turn, response.id);
    }
  }

  /**
   * @param {TurnView} turn
   * @param {string} responseId
   */
  async #follow(turn, responseId) {
    const { notice, turns, onEnded } = this.#around;
    this.#unfinished.add(responseId);
    try {
      await followShared(responseId, {
        api: this.#around.api,
        signal: this.#leaving.signal,
        onAnswer: (answer) => turn.show(answer),
        onConnection: (connection) => (connection === "lost" ? notice.lost() : notice.found()),
      });
    } catch (error) {
      turn.refuse(troubleOf(error, turns.say, "failed_title"));
    }
    if (this.#leaving.signal.aborted) return;
    this.#unfinished.ended(responseId);
    if (turn.answer && isFinal(turn.answer)) onEnded(turn.answer);
  }

  /**
   * An answer that could not be had is asked for again; all else is asked anew.
   *
   * @param {TurnView} turn
   */
  #retry(turn) {
    const { answer } = turn;
    if (!answer?.responseId || isFinal(answer)) this.#asking.askInPlaceOf(turn, turn.question);
    else if (!this.#unfinished.isBusy) {
      turn.resume();
      void this.#follow(turn, answer.responseId);
    }
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

  /** @param {string} question */
  #draw(question) {
    return new TurnView(question, {
      ...this.#around.turns,
      onRetry: (turn) => {
        this.#retry(turn);
        this.#around.onReplaced();
      },
      onReplace: (turn, edited) => {
        this.#asking.askInPlaceOf(turn, edited);
        this.#around.onReplaced();
      },
      onFeedback: (id, feedback) =>
        this.#around.api.feedback(id, feedback, AbortSignal.timeout(15_000)),
    });
  }
}
