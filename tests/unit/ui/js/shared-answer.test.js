import { isFinal } from "/assets/accumulator.js";
import { followShared } from "/assets/shared-answer.js";
import { equal, ok, recording, test } from "./testing.js";

let number = 0;

/**
 * Tabs that follow one response, over connections that go as planned.
 *
 * @param {any[]} connections
 */
async function tabs(connections) {
  const body = JSON.stringify({ recording: "answer", connections });
  const { id: plan } = await (await fetch("/plans", { method: "POST", body })).json();
  const responseId = `resp_shared_${number++}`;
  const api = {
    /** @param {string} _ @param {number} cursor @param {AbortSignal} signal */
    stream: (_, cursor, signal) =>
      // As the page asks: the browser must not answer from what another connection brought.
      fetch(`/plans/${plan}/stream${cursor < 0 ? "" : `?starting_after=${cursor}`}`, { signal, cache: "no-store" }),
    response: async () => (await fetch(`/plans/${plan}/response`)).json(),
  };
  // What the first connection brings may come in pieces.
  const last = connections[0]?.last ?? 0;
  return {
    responseId,
    cursors: async () => (await fetch(`/plans/${plan}/cursors`)).json(),
    /** @param {number} [silenceMs] */
    open(silenceMs) {
      const leaving = new AbortController();
      const tab = { answer: null, line: [], leave: () => leaving.abort(), ended: null, heard: null };
      const done = Promise.withResolvers ? Promise.withResolvers() : deferred();
      tab.ended = followShared(responseId, {
        api,
        silenceMs,
        signal: leaving.signal,
        onAnswer(answer) {
          tab.answer = answer;
          if (answer.cursor >= last) done.resolve();
        },
        onConnection: (connection) => tab.line.push(connection),
      });
      tab.heard = done.promise;
      return tab;
    },
  };
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

async function wholeText() {
  return (await recording("answer")).at(-1).response.output[1].content[0].text;
}

test("tabs of one answer share one connection", async () => {
  const shared = await tabs([{ last: 14, end: "silence" }]);
  const first = shared.open();
  await first.heard;
  const second = shared.open();
  await second.heard;
  equal(second.answer.text, first.answer.text);
  equal(await shared.cursors(), [-1]);
  first.leave();
  second.leave();
  await Promise.all([first.ended, second.ended]);
});

test("when the tab with the connection goes, another goes on where it was", async () => {
  const shared = await tabs([{ last: 14, end: "silence" }]);
  const first = shared.open();
  await first.heard;
  const others = [shared.open(), shared.open()];
  await Promise.all(others.map((tab) => tab.heard));
  first.leave();
  await Promise.all(others.map((tab) => tab.ended));
  const text = await wholeText();
  for (const tab of others) {
    equal(tab.answer.text, text);
    ok(isFinal(tab.answer), "final");
  }
  equal(await shared.cursors(), [-1, 14]);
});

test("a tab that hears nothing goes on alone", async () => {
  const shared = await tabs([{ last: 10, end: "silence" }, {}]);
  const first = shared.open();
  await first.heard;
  const second = shared.open(100);
  await second.ended;
  equal(second.answer.text, await wholeText());
  first.leave();
  await first.ended;
});

test("a tab that is slow to hear the end holds up nobody, and still hears it", async () => {
  const shared = await tabs([]);
  const name = `millstream-answer-${shared.responseId}`;
  const only = shared.open();
  const slow = new AbortController();
  let led = false;
  const waiting = navigator.locks.request(name, { signal: slow.signal }, () => void (led = true));
  await only.ended;
  ok(!led, "the lock is still held");
  const channel = new BroadcastChannel(name);
  const heard = new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data)));
  channel.postMessage({ kind: "ask" });
  equal((await heard).answer.phase, "done");
  slow.abort();
  await waiting.catch(() => undefined);
  channel.close();
  const isHeld = async () => (await navigator.locks.query()).held.some((lock) => lock.name === name);
  while (await isHeld()) await new Promise((resolve) => setTimeout(resolve));
});

test("a tab that is alone reads its answer to the end", async () => {
  const shared = await tabs([{ last: 9, end: "close" }]);
  const only = shared.open();
  await only.ended;
  equal(only.answer.text, await wholeText());
});
