/**
 * The API's requests, as the page needs them. Each rejects with an ApiError when the API refuses,
 * and with fetch's own TypeError when it cannot be reached.
 */

import { refusalOf } from "./api-error.js";

/** @param {string} baseUrl what stands before `/v1`; empty for the page's own origin */
export function createApi(baseUrl) {
  /**
   * @param {string} path
   * @param {RequestInit} [options]
   */
  async function json(path, options = {}) {
    const response = await fetch(`${baseUrl}/v1${path}`, options);
    if (!response.ok) throw await refusalOf(response);
    return response.json();
  }

  /**
   * @param {any} body
   * @param {AbortSignal} signal
   * @param {Record<string, string>} [headers]
   * @returns {RequestInit}
   */
  const post = (body, signal, headers = {}) => ({
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal,
  });

  return {
    /** @param {AbortSignal} signal */
    createConversation: (signal) => json("/conversations", post({}, signal)),

    /** @param {AbortSignal} signal */
    conversations: (signal) => json("/conversations?limit=50", { signal }),

    /** @param {string} id @param {AbortSignal} signal */
    conversation: (id, signal) => json(`/conversations/${encodeURIComponent(id)}`, { signal }),

    /**
     * All items, oldest first.
     *
     * @param {string} id
     * @param {AbortSignal} signal
     */
    async items(id, signal) {
      const items = [];
      for (let after = ""; ; ) {
        const path = `/conversations/${encodeURIComponent(id)}/items?order=asc&limit=100${after}`;
        const page = await json(path, { signal });
        items.push(...page.data);
        if (!page.has_more || page.data.length === 0) return items;
        after = `&after=${encodeURIComponent(page.last_id)}`;
      }
    },

    /**
     * Accepts a question once, however often it is sent with the same key.
     *
     * @param {{question: string, conversation: string, key: string}} ask
     * @param {AbortSignal} signal
     */
    ask: ({ question, conversation, key }, signal) =>
      json(
        "/responses",
        post({ input: question, background: true, conversation }, signal, {
          "Idempotency-Key": key,
        }),
      ),

    /** @param {string} id @param {AbortSignal} signal */
    response: (id, signal) => json(`/responses/${encodeURIComponent(id)}`, { signal }),

    /** @param {string} id @param {AbortSignal} signal */
    cancel: (id, signal) => json(`/responses/${encodeURIComponent(id)}/cancel`, post({}, signal)),

    /**
     * The cursor goes in the query: a header of our own would cost a preflight each time.
     *
     * @param {string} id
     * @param {number} cursor
     * @param {AbortSignal} signal
     */
    stream(id, cursor, signal) {
      const after = cursor < 0 ? "" : `&starting_after=${cursor}`;
      return fetch(`${baseUrl}/v1/responses/${encodeURIComponent(id)}?stream=true${after}`, {
        headers: { Accept: "text/event-stream" },
        cache: "no-store",
        signal,
      });
    },
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */
