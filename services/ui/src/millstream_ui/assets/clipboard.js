/** Puts text on the clipboard, also where the browser gives pages no clipboard (plain http). */

import { make } from "./elements.js";

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether it is there now
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No clipboard for this page, or no permission: the old way may still do.
    return copyBySelection(text);
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = document.activeElement;
  const box = make("textarea", { class: "visually-hidden", "aria-hidden": "true", readonly: true });
  box.value = text;
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return done;
}

const SHOWN_MS = 2_000;

/**
 * Copies, and lets the button that was pressed show so for a moment.
 *
 * @param {HTMLElement} button with an icon in it
 * @param {string} text
 * @returns {Promise<boolean>} whether it was copied
 */
export async function copyFrom(button, text) {
  if (!(await copyText(text))) return false;
  button.dataset.copied = "";
  setTimeout(() => delete button.dataset.copied, SHOWN_MS);
  return true;
}
