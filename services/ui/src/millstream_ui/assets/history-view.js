/** The sidebar's list of conversations, with a search box over it; names are edited in their place. */

import { icon, make } from "./elements.js";

const RUNNING = new Set(["queued", "in_progress"]);
const LONGEST_TITLE = "200";

/**
 * @typedef {import("./history.js").Conversation} Conversation
 * @typedef {import("./history.js").Listing} Listing
 *
 * @typedef {{
 *   say: import("./words.js").Say,
 *   onOpen: (id: string) => void,
 *   onSearch: (query: string) => void,
 *   onMore: () => void,
 *   onRename: (id: string, title: string) => void,
 *   onDelete: (id: string) => void,
 * }} Options
 */

export class HistoryView {
  #options;
  #list = make("div", { class: "history-groups" });
  #search;
  /** @type {Listing | null} */
  #listing = null;
  /** @type {string | null} */
  #current = null;
  /** @type {string | null} whose name is being edited */
  #renaming = null;
  /** Whether something in the list is pressed: were it drawn anew, it would never be clicked. */
  #pressed = false;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    const { say, onSearch } = options;
    const box = make("input", {
      type: "search",
      maxlength: LONGEST_TITLE,
      dir: "auto",
      autocomplete: "off",
      placeholder: say("search_history"),
      "aria-label": say("search_history"),
    });
    box.addEventListener("input", () => onSearch(box.value));
    this.#list.addEventListener("pointerdown", ({ button }) => (this.#pressed = button === 0));
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => this.#release());
    this.#search = make("div", { class: "history-search", role: "search" }, icon("search"), box);
  }

  /** @returns {HTMLElement[]} */
  get elements() {
    return [this.#search, this.#list];
  }

  /** @param {Listing} listing */
  show(listing) {
    this.#listing = listing;
    this.#draw();
  }

  /** @param {string | null} id the conversation that is on the page */
  mark(id) {
    this.#current = id;
    this.#draw();
  }

  #draw() {
    // A name that is being typed stays under the fingers; what is new is drawn when it is done.
    if (this.#renaming !== null || this.#pressed || !this.#listing) return;
    const focused = this.#list.contains(document.activeElement)
      ? /** @type {HTMLElement} */ (document.activeElement).dataset.focus
      : undefined;
    this.#list.replaceChildren(...this.#drawn(this.#listing, new Date()));
    if (focused) this.#focus(focused);
  }

  #release() {
    if (!this.#pressed) return;
    this.#pressed = false;
    // The click comes first.
    setTimeout(() => this.#draw());
  }

  /** @param {string} name */
  #focus(name) {
    const element = this.#list.querySelector(`[data-focus="${CSS.escape(name)}"]`);
    /** @type {HTMLElement | null} */ (element)?.focus();
  }

  /**
   * @param {Listing} listing
   * @param {Date} now
   * @returns {Node[]}
   */
  #drawn({ conversations, hasMore, query, failed }, now) {
    const { say, onMore } = this.#options;
    if (conversations.length === 0) {
      return [hint(say(failed ? "history_unreachable" : query ? "search_nothing" : "history_empty"))];
    }
    /** @type {Map<string, HTMLElement>} */
    const groups = new Map();
    /** @type {Node[]} */
    const drawn = [];
    for (const conversation of conversations) {
      const age = ageOf(new Date(conversation.created_at * 1000), now);
      const list = groups.get(age) ?? make("ul", { class: "history-entries" });
      if (!groups.has(age)) drawn.push(make("h2", { class: "history-group" }, say(`history_${age}`)), list);
      groups.set(age, list);
      list.append(this.#entry(conversation));
    }
    if (hasMore) {
      const more = make("button", { type: "button", class: "history-more", onclick: onMore }, say("history_more"));
      more.dataset.focus = "more";
      drawn.push(more);
    }
    return drawn;
  }

  /** @param {Conversation} conversation */
  #entry({ id, title: given, last_response: last }) {
    const { say, onOpen } = this.#options;
    const title = given || say("untitled");
    const running = RUNNING.has(last?.status ?? "")
      ? make("span", { class: "running", role: "img", "aria-label": say("answer_running"), title: say("answer_running") })
      : null;
    const current = id === this.#current;
    const link = make(
      "a",
      {
        href: `/c/${id}`,
        title,
        class: "history-entry",
        "aria-current": current ? "page" : false,
        "data-focus": `open ${id}`,
      },
      make("span", { class: "history-title", dir: "auto" }, title),
      running,
    );
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      onOpen(id);
    });
    const item = make("li", { class: "history-item" }, link);
    /** @param {string} name @param {string} label @param {(event: Event) => void} act */
    const button = (name, label, act) =>
      make(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": `${label}: ${title}`,
          title: label,
          "data-focus": `${name} ${id}`,
          onclick: act,
        },
        icon(name),
      );
    item.append(
      make(
        "span",
        { class: "history-actions" },
        button("pencil", say("rename"), () => this.#rename(item, id, given ?? "")),
        button("trash", say("delete"), (event) => this.#delete(id, event)),
      ),
    );
    return item;
  }

  /**
   * @param {string} id
   * @param {Event} event
   */
  #delete(id, event) {
    // The second half of a double click would hit the next one, which has moved into its place.
    if (event instanceof UIEvent && event.detail > 1) return;
    const ids = this.#listing?.conversations.map((one) => one.id) ?? [];
    const at = ids.indexOf(id);
    this.#options.onDelete(id);
    const byKeyboard = event instanceof UIEvent && event.detail === 0;
    const next = ids[at + 1] ?? ids[at - 1];
    if (byKeyboard && next) this.#focus(`trash ${next}`);
  }

  /**
   * @param {HTMLElement} item
   * @param {string} id
   * @param {string} title
   */
  #rename(item, id, title) {
    this.#renaming = id;
    const label = this.#options.say("rename_label");
    const box = make("input", { class: "rename", dir: "auto", maxlength: LONGEST_TITLE, "aria-label": label });
    box.value = title;
    /** @param {boolean} keep */
    const leave = (keep) => {
      if (this.#renaming !== id) return;
      this.#renaming = null;
      const wanted = box.value.trim();
      const hadFocus = box === document.activeElement;
      if (keep && wanted !== "" && wanted !== title) this.#options.onRename(id, wanted);
      this.#draw();
      if (hadFocus) this.#focus(`open ${id}`);
    };
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") leave(true);
      else if (event.key === "Escape") {
        event.stopPropagation();
        leave(false);
      }
    });
    box.addEventListener("blur", () => leave(true));
    item.replaceChildren(box);
    box.focus();
    box.select();
  }
}

/** @param {string} text */
function hint(text) {
  return make("p", { class: "history-hint" }, text);
}

/**
 * @param {Date} then
 * @param {Date} now
 * @returns {"today" | "yesterday" | "week" | "earlier"}
 */
export function ageOf(then, now) {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (then >= midnight) return "today";
  midnight.setDate(midnight.getDate() - 1);
  if (then >= midnight) return "yesterday";
  midnight.setDate(midnight.getDate() - 6);
  return then >= midnight ? "week" : "earlier";
}
