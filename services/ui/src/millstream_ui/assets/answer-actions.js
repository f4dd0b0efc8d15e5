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
  /** @type {Record<"up" | "down", HTMLElement>} */
  #thumbs;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#form = new FeedbackForm(options.say, (comment) => this.#comment(comment));
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
    const withdrawn = before?.rating === rating;
    this.#become(withdrawn ? null : { rating, comment: null });
    if (withdrawn) this.#form.close();
    else this.#form.open(rating);
    try {
      await this.#options.onFeedback({ rating: withdrawn ? null : rating, comment: null });
    } catch (error) {
      this.#become(before);
      this.#form.fail(error);
    }
  }

  /** @param {string} comment */
  async #comment(comment) {
    if (!this.#feedback) return;
    const { rating } = this.#feedback;
    await this.#options.onFeedback({ rating, comment });
    this.#become({ rating, comment });
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
