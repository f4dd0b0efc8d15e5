/** Asks for a few words about a rating, which need not be given. */

import { make } from "./elements.js";

const THANKS_MS = 3_000;
const LONGEST = "2000";

export class FeedbackForm {
  #element = make("div", { class: "feedback", hidden: true });
  #say;
  #onComment;

  /**
   * @param {import("./words.js").Say} say
   * @param {(rating: "up" | "down", comment: string) => Promise<void>} onComment rejects when it
   *   could not be stored
   */
  constructor(say, onComment) {
    this.#say = say;
    this.#onComment = onComment;
  }

  get element() {
    return this.#element;
  }

  /** @param {"up" | "down"} rating */
  open(rating) {
    const say = this.#say;
    const label = say(rating === "up" ? "comment_up" : "comment_down");
    const box = make("textarea", {
      dir: "auto",
      rows: "2",
      maxlength: LONGEST,
      placeholder: label,
      "aria-label": label,
    });
    const form = make(
      "form",
      {},
      box,
      make(
        "div",
        { class: "form-buttons" },
        make("button", { type: "button", class: "quiet-button", onclick: () => this.close() }, say("no_comment")),
        make("button", { type: "submit", class: "strong-button" }, say("send_comment")),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send(rating, box.value.trim());
    });
    form.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    this.#element.replaceChildren(form);
    this.#element.hidden = false;
    this.#element.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.#element.hidden = true;
    this.#element.replaceChildren();
  }

  /** @param {unknown} error */
  fail(error) {
    const reason = error instanceof Error ? error.message : String(error);
    this.#element.querySelector(".feedback-failed")?.remove();
    this.#element.prepend(
      make("p", { class: "feedback-failed", role: "alert" }, this.#say("feedback_failed", { reason })),
    );
    this.#element.hidden = false;
  }

  /**
   * @param {"up" | "down"} rating
   * @param {string} comment
   */
  async #send(rating, comment) {
    if (comment === "") return this.close();
    try {
      await this.#onComment(rating, comment);
    } catch (error) {
      return this.fail(error);
    }
    const thanks = make("p", { class: "feedback-thanks", role: "status" }, this.#say("feedback_thanks"));
    this.#element.replaceChildren(thanks);
    setTimeout(() => thanks.isConnected && this.close(), THANKS_MS);
  }
}
