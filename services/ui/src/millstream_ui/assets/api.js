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

    /**
     * One page, newest first.
     *
     * @param {{query?: string, after?: string | null}} wanted query: words of titles and questions
     * @param {AbortSignal} signal
     */
    conversations({ query, after }, signal) {
      const parameters = new URLSearchParams({ limit: "50" });
      if (query) parameters.set("q", query);
      if (after) parameters.set("after", after);
      return json(`/conversations?${parameters}`, { signal });
    },

    /** @param {string} id @param {string} title @param {AbortSignal} signal */
    rename: (id, title, signal) =>
      json(`/conversations/${encodeURIComponent(id)}`, post({ title }, signal)),

    /**
     * Goes on when the page is left in the same moment.
     *
     * @param {string} id
     */
    remove: (id) =>
      json(`/conversations/${encodeURIComponent(id)}`, { method: "DELETE", keepalive: true }),

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
     * @param {{question: string, conversation: string, key: string, replaces: string | null}} ask
     *   replaces: the last response of the conversation, whose place this question's takes
     * @param {AbortSignal} signal
     */
    ask({ question, conversation, key, replaces }, signal) {
      const ours = replaces ? { millstream: { replaces } } : {};
      const body = { input: question, background: true, conversation, ...ours };
      return json("/responses", post(body, signal, { "Idempotency-Key": key }));
    },

    /**
     * @param {string} id
     * @param {{rating: "up" | "down" | null, comment: string | null}} feedback rating null takes it
     *   back
     * @param {AbortSignal} signal
     */
    feedback: (id, { rating, comment }, signal) =>
      json(
        `/responses/${encodeURIComponent(id)}/feedback`,
        post(comment ? { rating, comment } : { rating }, signal),
      ),

    /** @param {string} id @param {AbortSignal} signal */
    response: (id, signal) => json(`/responses/${encodeURIComponent(id)}`, { signal }),

    /** @param {string} id @param {AbortSignal} signal */
    cancel: (id, signal) => json(`/responses/${encodeURIComponent(id)}/cancel`, post({}, signal)),

    /** Where the same streams come over a WebSocket. */
    socketUrl: () => new URL(`${baseUrl}/v1/responses`, location.href).href.replace(/^http/, "ws"),

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
