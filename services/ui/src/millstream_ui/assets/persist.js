/** Repeats a request that may be repeated until it is answered. */

import { ApiError } from "./api-error.js";
import { backoffMs, pause } from "./backoff.js";

/** A server that took the request and says nothing is as lost as one that is not there. */
const ANSWER_WITHIN_MS = 30_000;

/**
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} request safe to send twice
 * @param {{
 *   signal: AbortSignal,
 *   onLost?: () => void,
 *   onFound?: () => void,
 *   onBusy?: (waitMs: number) => void,
 * }} options onLost: it failed, and is tried again; onFound: it was answered after that;
 *   onBusy: the server asked to wait so long
 * @returns {Promise<T>} rejects when the signal aborts, or with an ApiError that no retry can help
 */
export async function persist(request, { signal, onLost, onFound, onBusy }) {
  for (let failures = 1; ; failures += 1) {
    try {
      const limit = AbortSignal.timeout(ANSWER_WITHIN_MS);
      const result = await request(AbortSignal.any([signal, limit]));
      if (failures > 1) onFound?.();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      const refused = error instanceof ApiError;
      if (refused && !error.retryable) throw error;
      const askedMs = refused ? error.retryAfterMs : null;
      const waitMs = Math.max(askedMs ?? 0, backoffMs(failures, Math.random()));
      if (refused && error.status === 429) onBusy?.(waitMs);
      else onLost?.();
      await pause(waitMs, signal);
      signal.throwIfAborted();
    }
  }
}
