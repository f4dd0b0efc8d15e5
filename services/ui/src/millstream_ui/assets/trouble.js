/** What a reader is told of an error, and what they can do about it. */

import { ApiError } from "./api-error.js";

/**
 * @typedef {{title: string, reason: string, action: {label: string, act: () => void} | null}} Trouble
 *
 * @param {unknown} error
 * @param {import("./words.js").Say} say
 * @param {string} title the key of the word that says what did not work
 * @returns {Trouble} action: null unless there is a better one than to try again
 */
export function troubleOf(error, say, title) {
  if (error instanceof ApiError && error.signedOut) {
    const action = { label: say("sign_in"), act: () => location.reload() };
    return { title: say("signed_out_title"), reason: say("signed_out_text"), action };
  }
  if (error instanceof ApiError && error.status === 404 && title === "open_failed_title") {
    return { title: say("missing_title"), reason: say("missing_text"), action: null };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return { title: say(title), reason, action: null };
}
