/** The turns on the page, oldest first. Knows no server. */

/** @typedef {import("./turn-view.js").TurnView} TurnView */

export class TurnList {
  #element;
  /** @type {TurnView[]} */
  #turns = [];

  /** @param {HTMLElement} element in which they stand */
  constructor(element) {
    this.#element = element;
  }

  get turns() {
    return this.#turns;
  }

  /** @param {TurnView} turn behind all others */
  add(turn) {
    this.#turns.push(turn);
    this.#element.append(turn.element);
  }

  /** @param {TurnView} turn */
  drop(turn) {
    turn.element.remove();
    this.#turns = this.#turns.filter((one) => one !== turn);
  }

  /** @param {number} count from which on they go */
  dropFrom(count) {
    this.#turns.splice(count).forEach((turn) => turn.element.remove());
  }

  /**
   * How many of these responses the page shows, from the first on.
   *
   * @param {string[]} responseIds
   */
  countShown(responseIds) {
    const firstOther = responseIds.findIndex(
      (id, index) => this.#turns[index]?.answer?.responseId !== id,
    );
    return firstOther < 0 ? responseIds.length : firstOther;
  }
}
