/**
 * The reader's conversations: listed, searched, renamed, deleted. A deleted one goes after a while
 * only, so that it can be had back; tabs tell each other what has changed.
 */

import { ApiError } from "./api-error.js";
import { persist } from "./persist.js";

/** So long can a deletion be taken back. */
export const UNDO_MS = 8_000;
const TYPING_MS = 200;
/** So often is looked whether an answer that was being made has ended: another tab, or none, follows it. */
const RUNNING_MS = 5_000;
const RUNNING = new Set(["queued", "in_progress"]);
const LIMIT_MS = 15_000;

/**
 * @typedef {{
 *   id: string, created_at: number, title: string | null,
 *   last_response: {id: string, status: string} | null,
 * }} Conversation
 *
 * @typedef {{conversations: Conversation[], hasMore: boolean, query: string, failed: boolean}} Listing
 * failed: what is listed may be old.
 */

export class History {
  #api;
  #onChange;
  #onKept;
  #watchMs;
  /** @type {Conversation[] | null} */
  #known = null;
  #hasMore = false;
  #failed = false;
  #query = "";
  /** What was searched for in what is known. */
  #knownQuery = "";
  #typing = 0;
  #watching = 0;
  /** Of the newest request; older ones end. */
  #loading = new AbortController();
  /** @type {{id: string, timer: number} | null} to be deleted */
  #leaving = null;
  /** @type {Set<string>} deleted ones: a list that was asked for before has them still */
  #deleted = new Set();
  #tabs = window.BroadcastChannel ? new BroadcastChannel("millstream-conversations") : null;

  /**
   * @param {import("./api.js").Api} api
   * @param {{
   *   onChange: (listing: Listing) => void,
   *   onElsewhere: (conversation: string) => void,
   *   onKept: (error: unknown) => void,
   *   watchMs?: number,
   * }} options onElsewhere: another tab has asked or deleted in this conversation. onKept: one that
   *   was to be deleted is still there
   */
  constructor(api, { onChange, onElsewhere, onKept, watchMs }) {
    this.#api = api;
    this.#onChange = onChange;
    this.#onKept = onKept;
    this.#watchMs = watchMs ?? RUNNING_MS;
    if (this.#tabs) {
      this.#tabs.onmessage = ({ data }) => {
        void this.refresh();
        onElsewhere(data.conversation);
      };
    }
    addEventListener("pagehide", () => void this.#deleteNow());
  }

  /** Asks for the newest conversations (of those searched for). */
  async refresh() {
    await this.#load(null);
  }

  /** Asks for those behind the last listed. */
  async more() {
    await this.#load(this.#known?.at(-1)?.id ?? null);
  }

  /** @param {string} query words; empty for all */
  search(query) {
    this.#query = query.trim();
    clearTimeout(this.#typing);
    this.#typing = window.setTimeout(() => void this.refresh(), TYPING_MS);
  }

  /**
   * @param {string} id
   * @param {string} title
   */
  async rename(id, title) {
    const before = this.#known;
    this.#know(this.#known?.map((one) => (one.id === id ? { ...one, title } : one)) ?? null);
    try {
      await this.#api.rename(id, title, AbortSignal.timeout(LIMIT_MS));
      this.tell(id);
      // A list that was asked for before has the old name, and may come after this.
      void this.refresh();
    } catch (error) {
      this.#know(before);
      throw error;
    }
  }

  /**
   * Takes it off the list, and deletes it when it was not taken back in time.
   *
   * @param {string} id
   */
  remove(id) {
    void this.#deleteNow();
    this.#leaving = { id, timer: window.setTimeout(() => void this.#deleteNow(), UNDO_MS) };
    this.#changed();
  }

  /** Takes the last deletion back. */
  restore() {
    clearTimeout(this.#leaving?.timer);
    this.#leaving = null;
    this.#changed();
  }

  /**
   * Tells the other tabs that something has changed in a conversation.
   *
   * @param {string} conversation
   */
  tell(conversation) {
    this.#tabs?.postMessage({ conversation });
  }

  async #deleteNow() {
    const leaving = this.#leaving;
    if (!leaving) return;
    clearTimeout(leaving.timer);
    this.#leaving = null;
    this.#deleted.add(leaving.id);
    this.#known = this.#existing(this.#known ?? []);
    try {
      await this.#api.remove(leaving.id);
      this.tell(leaving.id);
    } catch (error) {
      // Another tab or browser was faster.
      if (error instanceof ApiError && error.status === 404) return;
      // It is still there, and so is shown again.
      this.#deleted.delete(leaving.id);
      void this.refresh();
      this.#onKept(error);
    }
  }

  /** @param {string | null} after */
  async #load(after) {
    this.#loading.abort();
    const { signal } = (this.#loading = new AbortController());
    const wanted = { query: this.#query, after };
    const fail = () => this.#fail();
    try {
      const page = await persist((limited) => this.#api.conversations(wanted, limited), {
        signal,
        onLost: fail,
        onBusy: fail,
      });
      if (signal.aborted) return;
      this.#failed = false;
      this.#take(page, wanted.query, after);
    } catch (error) {
      if (signal.aborted) return;
      console.warn("conversations cannot be listed", error);
      fail();
    }
  }

  /**
   * @param {{data: Conversation[], has_more: boolean}} page
   * @param {string} query what was searched for
   * @param {string | null} after null: the newest; what `more` has brought behind them stays
   */
  #take({ data, has_more: hasMore }, query, after) {
    const known = query === this.#knownQuery ? (this.#known ?? []) : [];
    const at = known.findIndex(({ id }) => id === data.at(-1)?.id);
    const behind = after === null && at >= 0 ? known.slice(at + 1) : [];
    if (behind.length === 0) this.#hasMore = hasMore;
    this.#knownQuery = query;
    this.#know(this.#existing(after === null ? [...data, ...behind] : [...known, ...data]));
    this.#watch();
  }

  /** @param {Conversation[]} conversations */
  #existing(conversations) {
    return conversations.filter(({ id }) => !this.#deleted.has(id));
  }

  /** Looks again as long as an answer is being made. */
  #watch() {
    clearTimeout(this.#watching);
    if (!this.#known?.some(({ last_response: last }) => RUNNING.has(last?.status ?? ""))) return;
    this.#watching = window.setTimeout(() => void this.refresh(), this.#watchMs);
  }

  /** What is listed may be old from now on. */
  #fail() {
    this.#failed = true;
    this.#changed();
  }

  /** @param {Conversation[] | null} conversations */
  #know(conversations) {
    this.#known = conversations;
    this.#changed();
  }

  #changed() {
    this.#onChange({
      conversations: (this.#known ?? []).filter(({ id }) => id !== this.#leaving?.id),
      hasMore: this.#hasMore,
      query: this.#query,
      failed: this.#failed,
    });
  }
}
