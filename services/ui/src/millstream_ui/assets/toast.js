/** One short message over the page, with one thing to do; it goes by itself. */

import { make } from "./elements.js";

export class Toast {
  #element = make("div", { class: "toast", role: "status", hidden: true });
  #timer = 0;

  get element() {
    return this.#element;
  }

  /**
   * @param {string} text
   * @param {number} ms how long it is there
   * @param {{label: string, act: () => void}} [action]
   */
  show(text, ms, action) {
    clearTimeout(this.#timer);
    const act = () => {
      this.hide();
      action?.act();
    };
    this.#element.replaceChildren(
      make("span", { dir: "auto" }, text),
      ...(action ? [make("button", { type: "button", onclick: act }, action.label)] : []),
    );
    this.#element.hidden = false;
    this.#timer = window.setTimeout(() => this.hide(), ms);
  }

  hide() {
    clearTimeout(this.#timer);
    this.#element.hidden = true;
  }
}
