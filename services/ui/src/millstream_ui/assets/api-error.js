/** What the API said when it did not do as asked. */

export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message in the server's words
   * @param {string | null} code
   * @param {number | null} retryAfterMs
   */
  constructor(status, message, code, retryAfterMs) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may succeed later. */
  get retryable() {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** Whether the reader has to sign in (again). */
  get signedOut() {
    return this.status === 401;
  }
}

/**
 * @param {Response} response one that is not ok
 * @returns {Promise<ApiError>}
 */
export async function refusalOf(response) {
  const error = (await response.json().catch(() => null))?.error ?? {};
  const message = error.message ?? response.statusText ?? "";
  return new ApiError(response.status, message, error.code ?? null, retryAfterMs(response));
}

/** @param {Response} response */
function retryAfterMs(response) {
  const header = response.headers.get("Retry-After");
  if (header === null || header.trim() === "") return null;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
