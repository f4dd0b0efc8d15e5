import { ApiError } from "/assets/api-error.js";
import { ConversationController } from "/assets/conversation.js";
import { createSay } from "/assets/words.js";
import { equal, test } from "./testing.js";

const any = new Proxy({ language: "en" }, { get: (words, key) => words[key] ?? String(key), has: () => true });
const say = createSay(any);

let visits = 0;

/**
 * A visit to a conversation with these answers; `end` ends the stream of one that is not done.
 *
 * @param {string[]} statuses one for each answer
 */
function visit(statuses) {
  visits += 1;
  const ids = statuses.map((_, index) => `resp_${visits}_${index}`);
  const status = new Map(ids.map((id, index) => [id, statuses[index]]));
  const streams = new Map();
  const [states, phases, cancelled, ended, notAsked, notes] = [[], [], [], [], [], []];
  const response = (id) => ({ id, status: status.get(id), output: [] });
  const api = {
    items: async () =>
      ids.map((id) => ({ type: "message", role: "user", response_id: id, content: "Why?" })),
    response: async (id) => response(id),
    cancel: async (id) => cancelled.push(id),
    async stream(id) {
      if (status.get(id) === "deleted later") throw new ApiError(404, "none", null, null);
      const body = new ReadableStream({ start: (controller) => streams.set(id, controller) });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    },
  };
  const list = document.createElement("div");
  document.body.replaceChildren(list);
  const conversation = new ConversationController("conv_1", {
    api,
    list,
    notice: { lost() {}, found() {}, busy() {}, clear() {}, early: () => notes.push("early") },
    turns: { say, onPassage() {}, announce: (words) => phases.push(words), afterRender() {} },
    onState: (state) => states.push(state),
    onCreated() {},
    onAccepted() {},
    onSignedOut() {},
    onNotAsked: (question) => notAsked.push(question),
    onReplaced() {},
    onBehind: () => notes.push("behind"),
    onEnded: (answer) => ended.push(answer.responseId),
  });
  /** @param {number} index @param {string} as */
  async function end(index, as) {
    const id = ids[index];
    await until(() => streams.has(id));
    status.set(id, as);
    const event = { type: "response.completed", sequence_number: 0, response: response(id) };
    streams.get(id).enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`));
    await until(() => ended.includes(id));
  }
  return { api, conversation, ids, list, states, phases, cancelled, notAsked, notes, end };
}

/** @param {() => boolean} holds */
async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve));
}

test("a conversation that is opened with all its answers done announces no phase", async () => {
  const { conversation, list, phases, states } = visit(["completed", "cancelled"]);
  await conversation.open();
  equal(list.children.length, 2);
  equal([phases, states], [[], []]);
});

test("the page is busy until the last of two answers is done", async () => {
  const { conversation, ids, states, cancelled, end } = visit(["in_progress", "queued"]);
  await conversation.open();
  await end(0, "completed");
  equal(states.at(-1), "running");
  conversation.stop();
  equal([states.at(-1), cancelled], ["stopping", [ids[1]]]);
  await end(1, "cancelled");
  equal(states.at(-1), "idle");
});

test("a stop stops the answer that is written and the one in line behind it", async () => {
  const { conversation, ids, states, cancelled, end } = visit(["completed", "in_progress", "queued"]);
  await conversation.open();
  conversation.stop();
  // The one in line first: it would begin when the other stops.
  equal(cancelled, ids.slice(1).reverse());
  await end(2, "cancelled");
  equal(states.at(-1), "stopping");
  await end(1, "cancelled");
  equal(states.at(-1), "idle");
});

test("an answer whose conversation was deleted elsewhere says so, and offers no retry", async () => {
  const { conversation, list, states } = visit(["deleted later"]);
  await conversation.open();
  await until(() => states.at(-1) === "idle");
  equal(list.querySelector(".notice-title").textContent, "missing_title");
  equal(list.querySelector(".notice-box button"), null);
});

test("a question that meets an answer of another tab, as the page opens, is given back", async () => {
  const { conversation, list, notAsked, notes } = visit(["in_progress"]);
  const opening = conversation.open();
  await conversation.ask("And why not?");
  await opening;
  equal([list.children.length, notAsked, notes], [1, ["And why not?"], ["early"]]);
});

test("a question is given back when its conversation is left before it was open", async () => {
  const { conversation, notAsked, notes } = visit(["completed"]);
  const opening = conversation.open().catch(() => {});
  const asked = conversation.ask("And why not?");
  conversation.leave();
  await Promise.all([asked, opening]);
  equal([notAsked, notes], [["And why not?"], []]);
});

test("news that come while an answer is written are looked for when it has ended", async () => {
  const { conversation, notes, end } = visit(["in_progress"]);
  await conversation.open();
  await end(0, "completed");
  equal(notes, [], "no news");
  const { conversation: other, notes: told, end: endOther } = visit(["in_progress"]);
  await other.open();
  await other.open();
  equal(told, [], "not before it has ended");
  await endOther(0, "completed");
  equal(told, ["behind"]);
});

test("what was read of a conversation gives way to what was read since", async () => {
  const { api, conversation, list } = visit(["completed", "completed"]);
  const { items, response } = api;
  let arrive = () => {};
  api.items = async () => (await items()).slice(0, 1);
  api.response = async (id) => (await new Promise((resolve) => (arrive = resolve)), response(id));
  const early = conversation.open();
  await new Promise((resolve) => setTimeout(resolve));
  Object.assign(api, { items, response });
  await conversation.open();
  arrive();
  await early;
  equal(list.children.length, 2);
});
