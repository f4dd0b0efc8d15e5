import { ApiError } from "/assets/api-error.js";
import { History } from "/assets/history.js";
import { HistoryView, ageOf } from "/assets/history-view.js";
import { createSay } from "/assets/words.js";
import { equal, ok, test } from "./testing.js";

const keys = ["search_history", "search_nothing", "history_empty", "history_unreachable", "history_more"];
const more = ["rename", "rename_label", "delete", "answer_running", "untitled"];
const groups = ["history_today", "history_yesterday", "history_week", "history_earlier"];
const say = createSay(Object.fromEntries([...keys, ...more, ...groups].map((key) => [key, key])));

const NOW = Date.now() / 1000;

/** A server with these conversations, which counts what it is asked. */
function server(...ids) {
  const asked = [];
  let conversations = ids.map((id) => ({ id, created_at: NOW, title: `Title ${id}`, last_response: null }));
  return {
    asked,
    async conversations({ query, after }) {
      asked.push(["list", query, after]);
      const found = conversations.filter(({ title }) => title.includes(query));
      const from = after ? found.findIndex(({ id }) => id === after) + 1 : 0;
      return { data: found.slice(from, from + 2), has_more: found.length > from + 2 };
    },
    async rename(id, title) {
      if (title === "refused") throw new Error("no");
      asked.push(["rename", id, title]);
      conversations = conversations.map((one) => (one.id === id ? { ...one, title } : one));
    },
    async remove(id) {
      asked.push(["remove", id]);
      conversations = conversations.filter((one) => one.id !== id);
    },
  };
}

/** @param {any} api @param {number} [watchMs] */
function listed(api, watchMs) {
  const shown = { ids: [], titles: [], hasMore: false, kept: [] };
  const history = new History(api, {
    onChange({ conversations, hasMore }) {
      shown.ids = conversations.map(({ id }) => id);
      shown.titles = conversations.map(({ title }) => title);
      shown.hasMore = hasMore;
    },
    onElsewhere() {},
    onKept: ({ message }) => shown.kept.push(message),
    watchMs,
  });
  return { history, shown };
}

test("conversations are listed page by page", async () => {
  const { history, shown } = listed(server("a", "b", "c"));
  await history.refresh();
  equal([shown.ids, shown.hasMore], [["a", "b"], true]);
  await history.more();
  equal([shown.ids, shown.hasMore], [["a", "b", "c"], false]);
});

test("what was listed behind the newest page stays when the newest are asked for again", async () => {
  const { history, shown } = listed(server("a", "b", "c", "d", "e"));
  await history.refresh();
  await history.more();
  await history.refresh();
  equal([shown.ids, shown.hasMore], [["a", "b", "c", "d"], true]);
  await history.more();
  equal([shown.ids, shown.hasMore], [["a", "b", "c", "d", "e"], false]);
});

test("an answer that ends where no page looks is no longer marked as running", async () => {
  const statuses = ["queued", "in_progress", "completed"];
  const running = [];
  const history = new History(
    {
      async conversations() {
        const last = { id: "r", status: statuses.length > 1 ? statuses.shift() : statuses[0] };
        return { data: [{ id: "a", created_at: NOW, title: "a", last_response: last }], has_more: false };
      },
    },
    { onChange: ({ conversations: [one] }) => running.push(one.last_response.status), onElsewhere() {}, watchMs: 1 },
  );
  await history.refresh();
  while (running.at(-1) !== "completed") await new Promise((resolve) => setTimeout(resolve));
  equal(running, ["queued", "in_progress", "completed"]);
});

test("a deleted conversation is off the list at once and can be had back", async () => {
  const api = server("a", "b");
  const { history, shown } = listed(api);
  await history.refresh();
  history.remove("a");
  equal(shown.ids, ["b"]);
  await history.refresh();
  equal(shown.ids, ["b"]);
  history.restore();
  equal(shown.ids, ["a", "b"]);
  dispatchEvent(new Event("pagehide"));
  equal(api.asked.filter(([what]) => what === "remove"), []);
});

test("a deletion is carried out when the page is left, and when another follows", async () => {
  const api = server("a", "b", "c");
  const { history } = listed(api);
  await history.refresh();
  history.remove("a");
  history.remove("b");
  equal(api.asked.at(-1), ["remove", "a"]);
  dispatchEvent(new Event("pagehide"));
  equal(api.asked.filter(([what]) => what === "remove"), [["remove", "a"], ["remove", "b"]]);
});

test("a conversation that could not be deleted is listed again, and said to be there", async () => {
  const api = server("a", "b");
  api.remove = () => Promise.reject(new TypeError("away"));
  const { history, shown } = listed(api);
  await history.refresh();
  history.remove("a");
  equal(shown.ids, ["b"]);
  dispatchEvent(new Event("pagehide"));
  while (shown.kept.length === 0 || shown.ids.length < 2) await new Promise((resolve) => setTimeout(resolve));
  equal([shown.ids, shown.kept], [["a", "b"], ["away"]]);
});

test("a conversation that was deleted elsewhere meanwhile is deleted, and no trouble", async () => {
  const api = server("a", "b");
  const refused = Promise.reject(new ApiError(404, "none", null, null));
  api.remove = () => refused;
  const { history, shown } = listed(api);
  await history.refresh();
  history.remove("a");
  dispatchEvent(new Event("pagehide"));
  await refused.catch(() => new Promise((resolve) => setTimeout(resolve)));
  equal([shown.ids, shown.kept], [["b"], []]);
});

test("a name is changed at once, and back when the server refuses", async () => {
  const { history, shown } = listed(server("a", "b"));
  await history.refresh();
  await history.rename("a", "New");
  equal(shown.titles, ["New", "Title b"]);
  let refused = false;
  await history.rename("b", "refused").catch(() => (refused = true));
  equal([refused, shown.titles], [true, ["New", "Title b"]]);
});

/** Has lists arrive when told, as they were when asked for; behind `end`, new ones do not wait. */
function heldBack(api) {
  const { conversations } = api;
  let arrive = () => {};
  api.conversations = async (wanted) => {
    const page = await conversations.call(api, wanted);
    await new Promise((resolve) => (arrive = resolve));
    return page;
  };
  return { arrive: () => arrive(), end: () => (api.conversations = conversations) };
}

test("a list that was asked for before a deletion does not bring back what is deleted", async () => {
  const api = server("a", "b");
  const { history, shown } = listed(api);
  await history.refresh();
  const late = heldBack(api);
  const shownLate = history.refresh();
  await settled();
  history.remove("a");
  dispatchEvent(new Event("pagehide"));
  await settled();
  late.arrive();
  await shownLate;
  equal([shown.ids, shown.kept], [["b"], []]);
});

test("a list that was asked for before a conversation was renamed does not keep its old name", async () => {
  const api = server("a", "b");
  const { history, shown } = listed(api);
  await history.refresh();
  const late = heldBack(api);
  void history.refresh();
  await settled();
  late.end();
  await history.rename("a", "New");
  late.arrive();
  await settled();
  equal(shown.titles, ["New", "Title b"]);
});

test("a list that cannot be had comes by itself when the server is back", async () => {
  const api = server("a");
  const { conversations } = api;
  let refusals = 2;
  api.conversations = (wanted) => {
    if (refusals > 0) throw new TypeError(`${(refusals -= 1)} more`);
    return conversations.call(api, wanted);
  };
  const { history, shown } = listed(api);
  await history.refresh();
  equal(shown.ids, ["a"]);
});

test("an answer to an older search does not replace a newer one", async () => {
  const answers = [];
  const api = { conversations: () => new Promise((resolve) => answers.push(resolve)) };
  const { history, shown } = listed(api);
  const first = history.refresh();
  const second = history.refresh();
  const page = (id) => ({ data: [{ id, created_at: NOW, title: id, last_response: null }], has_more: false });
  answers[1](page("new"));
  answers[0](page("old"));
  await Promise.all([first, second]);
  equal(shown.ids, ["new"]);
});

const settled = () => new Promise((resolve) => setTimeout(resolve));

/** A drawn list, and what was asked of it. */
function view() {
  const asked = [];
  const note = (what) => (...values) => asked.push([what, ...values]);
  const drawn = new HistoryView({
    say,
    onOpen: note("open"),
    onSearch: note("search"),
    onMore: note("more"),
    onRename: note("rename"),
    onDelete: note("delete"),
  });
  document.body.replaceChildren(...drawn.elements);
  const conversations = [
    { id: "c1", created_at: NOW, title: "New", last_response: { id: "r", status: "queued" } },
    { id: "c2", created_at: 0, title: "", last_response: null },
  ];
  drawn.show({ conversations, hasMore: true, query: "", failed: false });
  return { drawn, asked, at: (selector) => document.querySelector(selector) };
}

test("conversations are drawn by age, with the current and the running one marked", () => {
  const { drawn } = view();
  drawn.mark("c2");
  const links = [...document.querySelectorAll("a.history-entry")];
  equal([...document.querySelectorAll("h2")].map((one) => one.textContent), ["history_today", "history_earlier"]);
  equal(links.map((one) => one.getAttribute("href")), ["/c/c1", "/c/c2"]);
  equal(links.map((one) => one.getAttribute("aria-current")), [null, "page"]);
  equal(links.map((one) => one.textContent), ["New", "untitled"]);
  equal(links.map((one) => one.querySelector(".running") !== null), [true, false]);
});

test("a name is edited in its place: Enter keeps it, Escape does not", () => {
  const { asked, at } = view();
  const type = (value, key) => {
    at("[data-focus='pencil c1']").click();
    const box = at("input.rename");
    box.value = value;
    box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  };
  type("Other", "Enter");
  type("Third", "Escape");
  type("  ", "Enter");
  equal(asked, [["rename", "c1", "Other"]]);
  equal(document.activeElement, at("[data-focus='open c1']"));
});

test("a name that is being typed is not disturbed by news", () => {
  const { drawn, at } = view();
  at("[data-focus='pencil c1']").click();
  drawn.show({ conversations: [], hasMore: false, query: "", failed: false });
  ok(at("input.rename"), "the box");
  at("input.rename").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  equal(at(".history-hint").textContent, "history_empty");
});

test("a double click deletes one conversation, and not the one that takes its place", () => {
  const { asked, at } = view();
  const click = (detail) => new MouseEvent("click", { bubbles: true, detail });
  at("[data-focus='trash c1']").dispatchEvent(click(1));
  at("[data-focus='trash c2']").dispatchEvent(click(2));
  equal(asked, [["delete", "c1"]]);
});

test("news that come while an entry is pressed are drawn when it was clicked", async () => {
  const { drawn, at } = view();
  const entry = at("[data-focus='open c1']");
  entry.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
  drawn.show({ conversations: [], hasMore: false, query: "", failed: false });
  equal(at("[data-focus='open c1']") === entry, true, "the entry is there still");
  entry.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
  await settled();
  equal(at(".history-hint").textContent, "history_empty");
});

test("the focus stays where it was when the list is drawn again", () => {
  const { drawn, at } = view();
  at("[data-focus='trash c1']").focus();
  drawn.mark("c1");
  equal(document.activeElement, at("[data-focus='trash c1']"));
});

test("an empty list, a vain search and an unreachable server say so", () => {
  const { drawn, at } = view();
  const none = { conversations: [], hasMore: false };
  drawn.show({ ...none, query: "", failed: false });
  equal(at(".history-hint").textContent, "history_empty");
  drawn.show({ ...none, query: "x", failed: false });
  equal(at(".history-hint").textContent, "search_nothing");
  drawn.show({ ...none, query: "", failed: true });
  equal(at(".history-hint").textContent, "history_unreachable");
});

test("the age of a conversation is told by days, not by hours", () => {
  const now = new Date(2026, 4, 10, 12);
  const at = (day, hour) => ageOf(new Date(2026, 4, day, hour), now);
  equal([at(10, 0), at(9, 23), at(4, 0), at(2, 23)], ["today", "yesterday", "week", "earlier"]);
});
