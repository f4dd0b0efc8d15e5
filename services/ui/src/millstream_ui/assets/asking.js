/**
 * The way of a question onto the page and to the server: it takes a place at once, is sent until it
 * is accepted, and gives its place up when it is refused and another is asked instead.
 */

import { ApiError } from "./api-error.js";
import { newKey } from "./sending.js";
import { troubleOf } from "./trouble.js";

/**
 * @typedef {import("./turn-view.js").TurnView} TurnView
 *
 * @typedef {{
 *   api: import("./api.js").Api,
 *   say: import("./words.js").Say,
 *   list: import("./turn-list.js").TurnList,
 *   sending: import("./sending.js").Sending,
 *   unfinished: import("./unfinished-answers.js").UnfinishedAnswers,
 *   leaving: AbortSignal,
 *   draw: (question: string) => TurnView,
 *   conversation: () => Promise<string>,
 *   onAccepted: (turn: TurnView, responseId: string) => void,
 *   onSignedOut: (question: string) => void,
 * }} Surroundings
 *
 * conversation: gives its id; one that is new is created for its first question.
 */

export class Asking {
  #around;
  /** @type {WeakMap<TurnView, TurnView>} whose place a question is to take */
  #replaced = new WeakMap();

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
  }

  /**
   * @param {string} question
   * @param {TurnView} [replaced] the last turn, whose place the question takes when it is accepted
   */
  async ask(question, replaced) {
    const { list, unfinished, sending, draw, onAccepted } = this.#around;
    // Set before anything is awaited: a second click in the same moment finds it.
    if (unfinished.isBusy) return;
    unfinished.begin();
    sending.begin();
    const turn = draw(question);
    if (replaced) {
      replaced.element.hidden = true;
      this.#replaced.set(turn, replaced);
    }
    list.add(turn);
    turn.sent();
    let response;
    try {
      response = await this.#send(question, replaced?.answer?.responseId ?? null);
    } catch (error) {
      this.#notAccepted(turn, error);
      return;
    }
    if (replaced) list.drop(replaced);
    onAccepted(turn, response.id);
  }

  /**
   * Asks in the place of an answer; or of a question that was not accepted, which makes way.
   *
   * @param {TurnView} turn the last one
   * @param {string} question
   */
  askInPlaceOf(turn, question) {
    const { list, unfinished } = this.#around;
    if (unfinished.isBusy) return;
    if (turn.answer) {
      void this.ask(question, turn);
      return;
    }
    list.drop(turn);
    void this.ask(question, this.#replaced.get(turn));
  }

  /**
   * @param {string} question
   * @param {string | null} replaces
   */
  async #send(question, replaces) {
    const { api, sending } = this.#around;
    const key = newKey();
    const conversation = await this.#around.conversation();
    return sending.ask((signal) => api.ask({ question, conversation, key, replaces }, signal));
  }

  /**
   * @param {TurnView} turn
   * @param {unknown} error
   */
  #notAccepted(turn, error) {
    const { leaving, list, say, sending, unfinished, onSignedOut } = this.#around;
    if (leaving.aborted) return;
    const replaced = this.#replaced.get(turn);
    if (replaced) replaced.element.hidden = false;
    if (!sending.wasTakenBack) turn.refuse(troubleOf(error, say, "send_failed_title"));
    else if (replaced) list.drop(turn);
    else turn.withdraw();
    if (error instanceof ApiError && error.signedOut) onSignedOut(turn.question);
    unfinished.rest();
  }
}
