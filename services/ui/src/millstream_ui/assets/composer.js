/**
 * The question box. Enter sends, Shift+Enter breaks; its button sends, or stops what runs.
 *
 * It is a plain text area and no Dash component: the caret and input methods never wait for React.
 */

import { icon, make } from "./elements.js";

/** @typedef {"idle" | "running" | "stopping"} ComposerState */

/** What is typed outlives a reload of its tab. */
const DRAFT = "millstream-draft";

export class Composer {
  #form;
  #box;
  #button = make("button", { class: "send", id: "send" });
  /** @type {ComposerState} */
  #state = "idle";
  #say;
  #onAsk;
  #onStop;
  #onEarly;

  /**
   * @param {{
   *   say: import("./words.js").Say,
   *   onAsk: (question: string) => void,
   *   onStop: () => void,
   *   onEarly: () => void,
   * }} options onEarly: a question was to be sent while an answer is being made; it stays in the box
   */
  constructor({ say, onAsk, onStop, onEarly }) {
    this.#say = say;
    this.#onAsk = onAsk;
    this.#onStop = onStop;
    this.#onEarly = onEarly;
    this.#box = make("textarea", {
      id: "question",
      rows: "1",
      dir: "auto",
      autocomplete: "off",
      enterkeyhint: "send",
      placeholder: say("question_placeholder"),
      "aria-label": say("question_label"),
    });
    this.#form = make("form", { class: "composer" }, this.#box, this.#button);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#act();
    });
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("input", () => this.#onInput());
    this.setState("idle");
  }

  get element() {
    return this.#form;
  }

  /** On a touch screen this would open a keyboard that nobody asked for. */
  focus() {
    if (matchMedia("(hover: hover)").matches) this.#box.focus({ preventScroll: true });
  }

  /** Puts back what was typed before a reload; once the box is on the page. */
  restoreDraft() {
    this.restore(sessionStorage.getItem(DRAFT) ?? "");
  }

  /** @param {string} question put back for the reader to send again */
  restore(question) {
    if (this.#box.value.trim() !== "") return;
    this.#box.value = question;
    this.#onInput();
  }

  /** @param {string} question that was not sent; before what was typed since */
  putBack(question) {
    this.#box.value = [question, this.#box.value].filter((text) => text.trim() !== "").join("\n\n");
    this.#onInput();
  }

  /** @param {ComposerState} state */
  setState(state) {
    // Drawn anew while it is pressed, the button would never be clicked.
    if (state === this.#button.dataset.state) return;
    this.#state = state;
    const idle = state === "idle";
    const label = this.#say(idle ? "send" : state === "running" ? "stop" : "stopping");
    this.#button.replaceChildren(icon(idle ? "send" : "stop"));
    this.#button.setAttribute("aria-label", label);
    this.#button.title = label;
    this.#button.dataset.state = state;
    // A button of type submit would let Enter in the box stop an answer.
    this.#button.type = idle ? "submit" : "button";
    // The second half of a double click on "send" must not hit the "stop" that took its place.
    this.#button.onclick = idle ? null : ({ detail }) => (detail > 1 ? undefined : this.#act());
    this.#enable();
  }

  #act() {
    if (this.#state === "running") {
      this.#onStop();
      return;
    }
    const question = this.#box.value.trim();
    if (this.#state !== "idle" || question === "") return;
    this.#box.value = "";
    this.#onInput();
    this.#onAsk(question);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    // While an input method composes, Enter takes its suggestion.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (this.#state === "idle") this.#act();
    else if (this.#box.value.trim() !== "") this.#onEarly();
  }

  #onInput() {
    sessionStorage.setItem(DRAFT, this.#box.value);
    this.#fit();
    this.#enable();
  }

  #fit() {
    this.#box.style.height = "auto";
    this.#box.style.height = `${this.#box.scrollHeight}px`;
  }

  #enable() {
    const empty = this.#box.value.trim() === "";
    const hadFocus = this.#button === document.activeElement;
    this.#button.disabled = this.#state === "stopping" || (this.#state === "idle" && empty);
    // Disabled, it loses the focus, and who has no mouse loses the place.
    if (hadFocus && this.#button.disabled) this.focus();
  }
}
