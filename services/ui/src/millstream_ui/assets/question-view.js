/** A question on the page, and the box in which the last one can be edited and asked again. */

import { icon, make } from "./elements.js";

export class QuestionView {
  #element = make("div", { class: "question-row" });
  #question;
  #say;
  #onAsk;

  /**
   * @param {string} question
   * @param {import("./words.js").Say} say
   * @param {(question: string) => void} onAsk it was edited
   */
  constructor(question, say, onAsk) {
    this.#question = question;
    this.#say = say;
    this.#onAsk = onAsk;
    this.#show();
  }

  get element() {
    return this.#element;
  }

  #show() {
    const label = this.#say("edit");
    const edit = make(
      "button",
      {
        type: "button",
        class: "icon-button only-last edit-question",
        "aria-label": label,
        title: label,
        onclick: () => this.edit(),
      },
      icon("pencil"),
    );
    this.#element.replaceChildren(edit, make("div", { class: "question", dir: "auto" }, this.#question));
  }

  /** Opens the box in which it is changed. */
  edit() {
    const box = make("textarea", { dir: "auto", rows: "1", "aria-label": this.#say("edit_label") });
    box.value = this.#question;
    const grow = () => {
      box.style.height = "auto";
      box.style.height = `${box.scrollHeight}px`;
    };
    box.addEventListener("input", grow);
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") this.#leave();
      else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.#ask(box.value);
      }
    });
    const form = make(
      "form",
      { class: "question-form" },
      box,
      make(
        "div",
        { class: "form-buttons" },
        make(
          "button",
          { type: "button", class: "quiet-button", onclick: () => this.#leave() },
          this.#say("cancel"),
        ),
        make("button", { type: "submit", class: "strong-button" }, this.#say("ask_again")),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask(box.value);
    });
    this.#element.replaceChildren(form);
    grow();
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  }

  #leave() {
    this.#show();
    /** @type {HTMLElement | null} */ (this.#element.querySelector(".edit-question"))?.focus();
  }

  /** @param {string} value */
  #ask(value) {
    const question = value.trim();
    if (question === "") return;
    this.#show();
    this.#onAsk(question);
  }
}
