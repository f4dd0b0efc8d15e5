/** Keeps the end of the page in view while the reader is there, and leaves a reader alone who is not. */

import { icon, make } from "./elements.js";

/** So close to the end counts as at the end. */
const NEAR_PIXELS = 64;

export class ScrollFollower {
  #following = true;
  #button;
  #page = document.documentElement;

  /** @param {import("./words.js").Say} say */
  constructor(say) {
    this.#button = make(
      "button",
      {
        type: "button",
        class: "jump-to-end",
        "aria-label": say("jump_to_end"),
        title: say("jump_to_end"),
        hidden: true,
        onclick: () => this.toEnd(),
      },
      icon("down"),
    );
    addEventListener("scroll", () => this.#onScroll(), { passive: true });
    // Scrolling up is a wish of its own, even by less than what counts as near.
    addEventListener("wheel", (event) => event.deltaY < 0 && this.#leave(), { passive: true });
  }

  get button() {
    return this.#button;
  }

  /** The page may have grown: go on showing its end, if the reader was there. */
  grew() {
    if (this.#following) scrollTo({ top: this.#page.scrollHeight, behavior: "instant" });
    else this.#onScroll();
  }

  /** Goes to the end and stays there. */
  toEnd() {
    this.#following = true;
    this.#button.hidden = true;
    this.grew();
  }

  #onScroll() {
    const below = this.#page.scrollHeight - scrollY - innerHeight;
    if (below < 2) this.#following = true;
    else if (below > NEAR_PIXELS) this.#following = false;
    this.#button.hidden = this.#following;
  }

  #leave() {
    if (this.#page.scrollHeight > innerHeight) this.#following = false;
  }
}
