/** The title of the tab: the name of the conversation that is shown, before the page's own. */

/** @typedef {{id: string, title: string | null}} Named */

export class PageTitle {
  #own = document.title;
  /** @type {Map<string, string | null>} */
  #names = new Map();
  /** @type {string | null} */
  #shown = null;
  #ask;

  /** @param {(id: string) => Promise<Named>} ask for a conversation that was not listed */
  constructor(ask) {
    this.#ask = ask;
  }

  /** @param {Named[]} conversations as they are called now */
  learn(conversations) {
    for (const { id, title } of conversations) this.#names.set(id, title);
    this.#draw();
  }

  /** @param {string | null} id the conversation on the page; null: a new one */
  show(id) {
    this.#shown = id;
    this.#draw();
    if (id !== null && !this.#names.has(id)) void this.#find(id);
  }

  /** @param {string} id */
  async #find(id) {
    try {
      this.learn([await this.#ask(id)]);
    } catch (error) {
      // Why it cannot be had is said in its place on the page.
      console.warn("a conversation's name could not be had", error);
    }
  }

  #draw() {
    const name = this.#shown && this.#names.get(this.#shown);
    document.title = name ? `${name} \u00b7 ${this.#own}` : this.#own;
  }
}
