/** Puts the parts of the chat together; what Dash calls is exported from here. */

import { ApiError } from "./api-error.js";
import { createApi } from "./api.js";
import { Composer } from "./composer.js";
import { ConversationController } from "./conversation.js";
import { make, whenDrawn } from "./elements.js";
import { readFacts } from "./facts.js";
import { History, UNDO_MS } from "./history.js";
import { HistoryView } from "./history-view.js";
import { Notice } from "./notice.js";
import { drawOutcome } from "./outcome-view.js";
import { PageTitle } from "./page-title.js";
import { showPassage } from "./passage-drawer.js";
import { ScrollFollower } from "./scroll-follower.js";
import { Toast } from "./toast.js";
import { troubleOf } from "./trouble.js";
import { drawWelcome } from "./welcome.js";
import { createSay } from "./words.js";

/** @type {Record<string, string>} */
const ANNOUNCEMENTS = { completed: "announce_done", cancelled: "announce_cancelled" };

const facts = readFacts();
const say = createSay(facts.words);
const api = createApi(facts.apiUrl);
const follower = new ScrollFollower(say);
const notice = new Notice(say, () => follower.grew());
const toast = new Toast();
const list = make("div", { class: "turns" });
const announcer = make("div", { class: "visually-hidden", "aria-live": "polite" });
const composer = new Composer({
  say,
  onAsk: ask,
  onStop: () => conversation?.stop(),
  onEarly: () => notice.early(),
});
const pageTitle = new PageTitle((id) => api.conversation(id, AbortSignal.timeout(15_000)));
const history = new History(api, {
  onChange(listing) {
    historyView.show(listing);
    pageTitle.learn(listing.conversations);
  },
  onElsewhere: (id) => void (conversation?.id === id && catchUp()),
  onKept: (error) => toast.show(troubleOf(error, say, "delete_failed").title, UNDO_MS),
});
const historyView = new HistoryView({
  say,
  onOpen: (id) => go(`/c/${id}`),
  onSearch: (query) => history.search(query),
  onMore: () => void history.more(),
  onRename: rename,
  onDelete: remove,
});
/** @type {ConversationController | null} */
let conversation = null;

/**
 * Shows what the address names: `/c/<id>`, or a new chat.
 *
 * @param {string} pathname
 */
export async function navigate(pathname) {
  // Two addresses may come before the page is drawn: the first as it is loaded, and has none yet.
  await (drawn ??= draw());
  const id = /^\/c\/([\w-]+)\/?$/.exec(pathname ?? "")?.[1] ?? null;
  historyView.mark(id);
  pageTitle.show(id);
  // The address has just followed the conversation that is on the page, or was told twice.
  if (conversation && conversation.id === id) return;
  conversation?.leave();
  conversation = newConversation(id);
  composer.setState("idle");
  list.replaceChildren();
  setWelcome(id === null);
  if (id !== null) await open(conversation);
  else composer.focus();
}

/** @param {string} words for who listens to the page */
function announce(words) {
  announcer.textContent = words;
}

/** What is on the page, for tests and the curious: id, status and Markdown of each answer. */
export function shownAnswers() {
  return (conversation?.turns ?? []).map((turn) => ({
    responseId: turn.answer?.responseId ?? null,
    status: turn.answer?.status ?? null,
    text: turn.shownText,
  }));
}

/** @type {Promise<void> | null} */
let drawn = null;

async function draw() {
  const [chat, sidebar] = await Promise.all([whenDrawn("chat"), whenDrawn("history-list")]);
  const dock = make("div", { class: "dock" }, follower.button, notice.element, composer.element);
  const heading = make("h1", { class: "visually-hidden conversation-heading" }, say("conversation"));
  chat.replaceChildren(heading, list, dock, toast.element, announcer);
  sidebar.replaceChildren(...historyView.elements);
  composer.restoreDraft();
  void history.refresh();
  document.addEventListener("visibilitychange", () => void (document.hidden || catchUp()));
}

/** @param {string} pathname */
function go(pathname) {
  window.dash_clientside.set_props("location", { pathname });
}

/** @param {ConversationController} opened */
async function open(opened) {
  list.replaceChildren(make("p", { class: "opening" }, say("loading_conversation")));
  const stillHere = () => conversation === opened;
  try {
    await opened.open();
    if (!stillHere()) return;
    list.querySelector(".opening")?.remove();
    follower.toEnd();
  } catch (error) {
    if (stillHere()) showTrouble(error);
  }
}

/** @param {unknown} error in the place of the conversation */
function showTrouble(error) {
  const { title, reason, action } = troubleOf(error, say, "open_failed_title");
  list.replaceChildren(drawOutcome("failed", title, reason, action ?? undefined));
  announce(`${title}: ${reason}`);
}

/** Another tab or browser may have gone on with this conversation. */
async function catchUp() {
  try {
    await conversation?.open();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return showTrouble(error);
    // What is shown stays; whatever is done next says what is wrong.
    console.warn("the conversation could not be read again", error);
  }
}

/** @param {string} question */
function ask(question) {
  setWelcome(false);
  void conversation?.ask(question);
  follower.toEnd();
  // What was pressed may be gone: a suggestion, or the button that sends.
  composer.focus();
}

/**
 * @param {string} id
 * @param {string} title
 */
async function rename(id, title) {
  try {
    await history.rename(id, title);
  } catch (error) {
    toast.show(troubleOf(error, say, "rename_failed").title, UNDO_MS);
  }
}

/** @param {string} id */
function remove(id) {
  const wasOpen = conversation?.id === id;
  history.remove(id);
  if (wasOpen) go("/");
  const undo = () => {
    history.restore();
    if (wasOpen) go(`/c/${id}`);
  };
  toast.show(say("deleted"), UNDO_MS, { label: say("undo"), act: undo });
}

/** @param {string | null} id */
function newConversation(id) {
  /** @type {ConversationController} */
  const created = new ConversationController(id, {
    api,
    list,
    notice,
    turns: {
      say,
      onPassage: (passage) => void showPassage(passage, say),
      announce,
      afterRender: () => follower.grew(),
    },
    onState: (state) => composer.setState(state),
    onCreated: (madeId) => go(`/c/${madeId}`),
    onAccepted() {
      void history.refresh();
      if (created.id) history.tell(created.id);
    },
    onReplaced: () => composer.focus(),
    onBehind: () => void (conversation === created && catchUp()),
    onSignedOut: (question) => composer.restore(question),
    onNotAsked: (question) => composer.putBack(question),
    onEnded(answer) {
      announce(say(ANNOUNCEMENTS[answer.status] ?? "announce_failed"));
      follower.grew();
      void history.refresh();
    },
  });
  return created;
}

/** @param {boolean} wanted */
function setWelcome(wanted) {
  document.getElementById("chat")?.classList.toggle("empty", wanted);
  list.querySelector(".welcome")?.remove();
  if (wanted) list.append(drawWelcome(facts.suggestions, say, ask));
}
