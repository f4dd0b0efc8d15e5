/** What can be done with an answer that has ended: copy, ask again, say whether it was good. */

import { icon, make } from "./elements.js";
import { FeedbackForm } from "./feedback-form.js";

/**
 * @typedef {import("./accumulator.js").Feedback} Feedback
 *
 * @typedef {{
 *   say: import("./words.js").Say,
 *   onCopy: (button: HTMLElement) => void,
 *   onRegenerate: () => void,
 *   onFeedback: (feedback: {rating: "up" | "down" | null, comment: string | null}) => Promise<void>,
 * }} Options onFeedback: rating null takes it back; rejects when it could not be stored
 */

export class AnswerActions {
  #bar = make("div", { class: "answer-actions", role: "group" });
  #form;
  #options;
  /** @type {Feedback | null} */
  #feedback = null;
  /** What the reader said last is the last that the server hears. */
  #telling = Promise.resolve();
  /** @type {Record<"up" | "down", HTMLElement>} */
  #thumbs;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#form = new FeedbackForm(options.say, (rating, comment) => this.#comment(rating, comment));
    const { say } = options;
    this.#bar.setAttribute("aria-label", say("answer_actions"));
    this.#thumbs = {
      up: this.#button("thumb-up", say("good_answer"), () => void this.#rate("up")),
      down: this.#button("thumb-down", say("bad_answer"), () => void this.#rate("down")),
    };
  }

  get bar() {
    return this.#bar;
  }

  get form() {
    return this.#form.element;
  }

  /**
   * @param {{text: boolean, feedback: Feedback | null}} answer text: whether there is some
   */
  show({ text, feedback }) {
    const { say, onCopy, onRegenerate } = this.#options;
    const copy = this.#button("copy", say("copy_answer"), () => onCopy(copy));
    const again = this.#button("again", say("regenerate"), onRegenerate);
    again.classList.add("only-last");
    this.#become(feedback);
    const { up, down } = this.#thumbs;
    this.#bar.replaceChildren(...(text ? [copy, again, up, down] : [again]));
  }

  /** @param {"up" | "down"} rating */
  async #rate(rating) {
    const before = this.#feedback;
    const wanted = before?.rating === rating ? null : { rating, comment: null };
    this.#become(wanted);
    if (wanted) this.#form.open(rating);
    else this.#form.close();
    try {
      await this.#tell({ rating: wanted?.rating ?? null, comment: null });
    } catch (error) {
      // Another may have been given since.
      if (this.#feedback === wanted) this.#become(before);
      this.#form.fail(error);
    }
  }

  /**
   * @param {"up" | "down"} rating
   * @param {string} comment
   */
  async #comment(rating, comment) {
    await this.#tell({ rating, comment });
    this.#become({ rating, comment });
  }

  /** @param {Parameters<Options["onFeedback"]>[0]} feedback */
  #tell(feedback) {
    const told = this.#telling.then(() => this.#options.onFeedback(feedback));
    this.#telling = told.catch(() => undefined);
    return told;
  }

  /** @param {Feedback | null} feedback */
  #become(feedback) {
    this.#feedback = feedback;
    for (const [rating, button] of Object.entries(this.#thumbs)) {
      button.setAttribute("aria-pressed", String(feedback?.rating === rating));
    }
  }

  /**
   * @param {string} name of an icon
   * @param {string} label
   * @param {() => void} act
   */
  #button(name, label, act) {
    return make(
      "button",
      { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: act },
      icon(name),
    );
  }
}
