/** A response's stream over the API's WebSocket, in the shape that fetch gives it. */

import { ApiError } from "./api-error.js";

/**
 * @param {string} url
 * @param {string} responseId
 * @param {number} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<Response>} rejects with an ApiError when the server refuses
 */
export function openSocketLine(url, responseId, cursor, signal) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const encoder = new TextEncoder();
    /** @type {ReadableStreamDefaultController<Uint8Array>} */
    let out;
    const body = new ReadableStream({
      start: (controller) => void (out = controller),
      cancel: () => socket.close(),
    });
    let open = false;
    /** @param {Error} error */
    const fail = (error) => {
      if (open) out.error(error);
      else reject(error);
      open = false;
      socket.close();
    };
    signal.addEventListener("abort", () => fail(new DOMException("left", "AbortError")), { once: true });
    socket.onopen = () => {
      socket.send(
        JSON.stringify({ type: "millstream.response.resume", response_id: responseId, starting_after: cursor }),
      );
    };
    socket.onmessage = ({ data }) => {
      const refusal = refusalIn(data);
      if (refusal) return fail(refusal);
      if (!open) resolve(new Response(body));
      open = true;
      out.enqueue(encoder.encode(`data: ${data}\n\n`));
    };
    socket.onerror = () => fail(new TypeError("The connection could not be kept."));
    socket.onclose = () => fail(new TypeError("The connection was closed."));
  });
}

/**
 * @param {string} data
 * @returns {ApiError | null}
 */
function refusalIn(data) {
  // Only a refusal begins so; a token must not be parsed twice.
  if (!/^\{"type":\s*"error"/.test(data)) return null;
  const { status, error } = JSON.parse(data);
  return new ApiError(status ?? 500, error?.message ?? "", error?.code ?? null, null);
}
