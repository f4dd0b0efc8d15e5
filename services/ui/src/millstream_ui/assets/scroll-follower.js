/** Keeps the end of the page in view while the reader is there, and leaves a reader alone who is not. */

import { icon, make } from "./elements.js";

/** So close to the end counts as at the end. */
const NEAR_PIXELS = 64;

export class ScrollFollower {
  #following = true;
  #button;
  #page = document.documentElement;
  #top = 0;

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
    // Only a reader goes up, by wheel, finger or key; be it by less than what counts as near.
    const wentUp = scrollY < this.#top - 1;
    this.#top = scrollY;
    if (below < 2) this.#following = true;
    else if (wentUp || below > NEAR_PIXELS) this.#following = false;
    this.#button.hidden = this.#following || below < 2;
  }
}

/**
 * Brings into view what a reader opens in here: at the end of the page it opens behind the
 * question box.
 *
 * @param {HTMLElement} element
 */
export function showWhatOpens(element) {
  const show = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLDetailsElement && target.open) target.scrollIntoView({ block: "nearest" });
  };
  element.addEventListener("toggle", show, { capture: true });
}
