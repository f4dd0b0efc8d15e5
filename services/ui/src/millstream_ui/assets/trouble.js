/** What a reader is told of an error, and what they can do about it. */

import { ApiError } from "./api-error.js";

/** What could not be had: when it is not there, its conversation is not. */
const OF_CONVERSATION = ["open_failed_title", "failed_title"];

/** It is refused for what is in it: it is too long, most likely. */
const OF_THE_QUESTION = new Set([400, 413]);

/**
 * @typedef {{
 *   title: string,
 *   reason: string,
 *   action: {label: string, act: () => void} | null,
 *   retryHelps: boolean,
 *   editHelps: boolean,
 * }} Trouble
 *
 * @param {unknown} error
 * @param {import("./words.js").Say} say
 * @param {string} title the key of the word that says what did not work
 * @returns {Trouble} action: null unless there is a better one than to try again. retryHelps: false
 *   when trying again would come to the same. editHelps: another question may be accepted
 */
export function troubleOf(error, say, title) {
  if (error instanceof ApiError && error.signedOut) {
    const action = { label: say("sign_in"), act: () => location.reload() };
    const [signedOut, text] = [say("signed_out_title"), say("signed_out_text")];
    return { title: signedOut, reason: text, action, retryHelps: true, editHelps: false };
  }
  if (error instanceof ApiError && error.status === 404 && OF_CONVERSATION.includes(title)) {
    const [missing, reason] = [say("missing_title"), say("missing_text")];
    return { title: missing, reason, action: null, retryHelps: false, editHelps: false };
  }
  const reason = error instanceof Error ? error.message : String(error);
  const isOfQuestion = error instanceof ApiError && OF_THE_QUESTION.has(error.status);
  const editHelps = isOfQuestion && title === "send_failed_title";
  return { title: say(title), reason, action: null, retryHelps: !editHelps, editHelps };
}
