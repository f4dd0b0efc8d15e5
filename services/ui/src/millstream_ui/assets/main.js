/** Puts the parts of the chat together; what Dash calls is exported from here. */

import { ApiError } from "./api-error.js";
import { createApi } from "./api.js";
import { Composer } from "./composer.js";
import { ConversationController } from "./conversation.js";
import { make, whenDrawn } from "./elements.js";
import { readFacts } from "./facts.js";
import { drawHistory } from "./history-list.js";
import { Notice } from "./notice.js";
import { drawOutcome } from "./outcome-view.js";
import { showPassage } from "./passage-drawer.js";
import { ScrollFollower } from "./scroll-follower.js";
import { drawWelcome } from "./welcome.js";
import { createSay } from "./words.js";

/** @type {Record<string, string>} */
const ANNOUNCEMENTS = { completed: "announce_done", cancelled: "announce_cancelled" };

const facts = readFacts();
const say = createSay(facts.words);
const api = createApi(facts.apiUrl);
const notice = new Notice(say);
const follower = new ScrollFollower(say);
const list = make("div", { class: "turns" });
const announcer = make("div", { class: "visually-hidden", "aria-live": "polite" });
const composer = new Composer({ say, onAsk: ask, onStop: () => conversation?.stop() });
/** @type {ConversationController | null} */
let conversation = null;
/** @type {any} */
let known = null;

/**
 * Shows what the address names: `/c/<id>`, or a new chat.
 *
 * @param {string} pathname
 */
export async function navigate(pathname) {
  await draw();
  const id = /^\/c\/([\w-]+)\/?$/.exec(pathname ?? "")?.[1] ?? null;
  // The address has just followed the conversation that is on the page.
  if (conversation && conversation.id === id && id !== null) return;
  conversation?.leave();
  conversation = newConversation(id);
  composer.setState("idle");
  list.replaceChildren();
  setWelcome(id === null);
  if (id !== null) await open(conversation);
  else if (matchMedia("(hover: hover)").matches) composer.focus();
}

/**
 * The sidebar's list.
 *
 * @param {any} history
 * @param {string} pathname
 */
export function historyList(history, pathname) {
  return drawHistory(history, pathname, say, new Date());
}

/** What is on the page, for tests and the curious: id, status and Markdown of each answer. */
export function shownAnswers() {
  return (conversation?.turns ?? []).map((turn) => ({
    responseId: turn.answer?.responseId ?? null,
    status: turn.answer?.status ?? null,
    text: turn.shownText,
  }));
}

let drawn = false;

async function draw() {
  if (drawn) return;
  drawn = true;
  const chat = await whenDrawn("chat");
  const dock = make("div", { class: "dock" }, follower.button, notice.element, composer.element);
  const heading = make("h1", { class: "visually-hidden conversation-heading" }, say("conversation"));
  chat.replaceChildren(heading, list, dock, announcer);
  void refreshHistory();
}

/** @param {ConversationController} opened */
async function open(opened) {
  list.replaceChildren(make("p", { class: "opening" }, say("loading_conversation")));
  const stillHere = () => conversation === opened;
  try {
    const loading = opened.open();
    await loading;
    if (!stillHere()) return;
    list.querySelector(".opening")?.remove();
    follower.toEnd();
  } catch (error) {
    if (!stillHere()) return;
    const missing = error instanceof ApiError && error.status === 404;
    const title = say(missing ? "missing_title" : "open_failed_title");
    const reason = missing ? say("missing_text") : String(/** @type {any} */ (error)?.message ?? error);
    list.replaceChildren(drawOutcome("failed", title, reason));
  }
}

/** @param {string} question */
function ask(question) {
  setWelcome(false);
  void conversation?.ask(question);
  follower.toEnd();
}

/** @param {string | null} id */
function newConversation(id) {
  return new ConversationController(id, {
    api,
    list,
    notice,
    turns: {
      say,
      onPassage: (passage) => showPassage(passage, say),
      afterRender: () => follower.grew(),
    },
    onState: (state) => composer.setState(state),
    onCreated: (created) => window.dash_clientside.set_props("location", { pathname: `/c/${created}` }),
    onAccepted: () => void refreshHistory(),
    onEnded(answer) {
      announcer.textContent = say(ANNOUNCEMENTS[answer.status] ?? "announce_failed");
      follower.grew();
      void refreshHistory();
    },
  });
}

async function refreshHistory() {
  try {
    known = { conversations: (await api.conversations(AbortSignal.timeout(10_000))).data };
  } catch (error) {
    console.warn("conversations cannot be listed", error);
    known = { ...known, failed: true };
  }
  window.dash_clientside.set_props("history", { data: known });
}

/** @param {boolean} wanted */
function setWelcome(wanted) {
  document.getElementById("chat")?.classList.toggle("empty", wanted);
  list.querySelector(".welcome")?.remove();
  if (wanted) list.append(drawWelcome(facts.suggestions, say, ask));
}
