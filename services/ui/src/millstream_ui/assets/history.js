/**
 * The reader's conversations: listed, searched, renamed, deleted. A deleted one goes after a while
 * only, so that it can be had back; tabs tell each other what has changed.
 */

/** So long can a deletion be taken back. */
export const UNDO_MS = 8_000;
const TYPING_MS = 200;
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
  /** @type {Conversation[] | null} */
  #known = null;
  #hasMore = false;
  #failed = false;
  #query = "";
  #typing = 0;
  /** The newest request; what older ones bring is dropped. */
  #request = 0;
  /** @type {{id: string, timer: number} | null} to be deleted */
  #leaving = null;
  #tabs = window.BroadcastChannel ? new BroadcastChannel("millstream-conversations") : null;

  /**
   * @param {import("./api.js").Api} api
   * @param {{
   *   onChange: (listing: Listing) => void,
   *   onElsewhere: (conversation: string) => void,
   * }} options onElsewhere: another tab has asked or deleted in this conversation
   */
  constructor(api, { onChange, onElsewhere }) {
    this.#api = api;
    this.#onChange = onChange;
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
    const request = ++this.#request;
    await this.#load(request, null);
  }

  /** Asks for those behind the last listed. */
  async more() {
    const request = ++this.#request;
    await this.#load(request, this.#known?.at(-1)?.id ?? null);
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
    this.#known = this.#known?.filter(({ id }) => id !== leaving.id) ?? null;
    try {
      await this.#api.remove(leaving.id);
      this.tell(leaving.id);
    } catch (error) {
      // It is still there, and so is shown again.
      console.warn("a conversation could not be deleted", error);
      void this.refresh();
    }
  }

  /**
   * @param {number} request
   * @param {string | null} after
   */
  async #load(request, after) {
    try {
      const wanted = { query: this.#query, after };
      const page = await this.#api.conversations(wanted, AbortSignal.timeout(LIMIT_MS));
      if (request !== this.#request) return;
      this.#failed = false;
      this.#hasMore = page.has_more;
      this.#know(after ? [...(this.#known ?? []), ...page.data] : page.data);
    } catch (error) {
      if (request !== this.#request) return;
      console.warn("conversations cannot be listed", error);
      this.#failed = true;
      this.#changed();
    }
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
