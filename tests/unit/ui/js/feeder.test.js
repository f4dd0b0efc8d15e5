import { ApiError } from "/assets/api-error.js";
import { applyEvent, applyResponse, emptyAnswer, isFinal } from "/assets/accumulator.js";
import { follow } from "/assets/feeder.js";
import { equal, ok, recording, test } from "./testing.js";

/**
 * Reads a recording over connections that go as planned.
 *
 * @param {string} name
 * @param {any[]} connections
 * @param {{silenceMs?: number, signal?: AbortSignal, settles?: boolean, onTaken?: (number: number) => void}} [options]
 */
async function read(name, connections, { silenceMs, signal, settles = true, onTaken } = {}) {
  const plan = await post("/plans", { recording: name, connections });
  let answer = emptyAnswer();
  const taken = [];
  const line = [];
  const reader = {
    signal: signal ?? new AbortController().signal,
    // Of the first connection, once it has begun to speak: what comes through may take its time.
    get silenceMs() {
      return line.length === 1 ? silenceMs : undefined;
    },
    waitMs: () => 0,
    cursor: () => answer.cursor,
    isDone: () => isFinal(answer),
    startOver: () => (answer = emptyAnswer()),
    onConnection: (connection) => line.push(connection),
    open(cursor, signal) {
      const query = cursor < 0 ? "" : `?starting_after=${cursor}`;
      // As the page asks: the browser must not answer from what another connection brought.
      return fetch(`/plans/${plan.id}/stream${query}`, { signal, cache: "no-store" });
    },
    onEvent(event) {
      const { answer: next, outcome } = applyEvent(answer, event);
      answer = next;
      if (outcome === "applied") {
        taken.push(event.sequence_number);
        onTaken?.(event.sequence_number);
      }
      return outcome;
    },
    async settle() {
      if (!settles) return false;
      answer = applyResponse(answer, await (await fetch(`/plans/${plan.id}/response`)).json());
      return isFinal(answer);
    },
  };
  await follow(reader);
  return { answer, taken, line, cursors: await (await fetch(`/plans/${plan.id}/cursors`)).json() };
}

/** @param {string} url @param {any} body */
async function post(url, body) {
  return (await fetch(url, { method: "POST", body: JSON.stringify(body) })).json();
}

/** @param {string} name */
async function whole(name) {
  const events = await recording(name);
  return { numbers: events.map((event) => event.sequence_number), text: events.at(-1).response.output[1].content[0].text };
}

test("a whole stream is read over one connection", async () => {
  const { numbers, text } = await whole("answer");
  const { answer, taken, cursors, line } = await read("answer", []);
  equal(answer.text, text);
  equal(taken, numbers);
  equal(cursors, [-1]);
  equal(line, ["connected"]);
});

test("a stream that comes byte by byte is the same", async () => {
  const { numbers, text } = await whole("restarted");
  const { answer, taken } = await read("restarted", [{ dribble: true }]);
  equal([answer.text, taken], [text, numbers]);
});

test("after a cut at any event every event is taken once", async () => {
  const { numbers, text } = await whole("answer");
  for (const end of ["cut", "close", "half"]) {
    for (const last of numbers.slice(0, -1)) {
      const { answer, taken, cursors } = await read("answer", [{ last, end }]);
      equal(taken, numbers, `${end} after ${last}`);
      // What was still under way when the connection broke is lost, and asked for again.
      const [first, second, ...more] = cursors;
      equal([first, more], [-1, []], `${end} after ${last}`);
      ok(end === "close" ? second === last : second <= last, `${end} after ${last}: ${second}`);
      ok(answer.text === text, `${end} after ${last}: text`);
    }
  }
});

test("a stream that is cut at every event is read to its end", async () => {
  const { numbers, text } = await whole("answer");
  const { answer, taken, cursors } = await read(
    "answer",
    numbers.slice(0, -1).map((last) => ({ last, end: "half" })),
    { settles: false },
  );
  equal(taken, numbers);
  equal(cursors.length, numbers.length);
  ok(answer.text === text, "text");
});

test("a server that repeats events doubles nothing", async () => {
  const { numbers, text } = await whole("answer");
  const { answer, taken } = await read("answer", [{ last: 12, end: "cut" }, { start: 0 }]);
  equal(taken, numbers);
  ok(answer.text === text, "text");
});

test("a hole is asked for again", async () => {
  const { numbers } = await whole("answer");
  const { taken, cursors } = await read("answer", [{ last: 5, end: "close" }, { start: 9 }]);
  equal(taken, numbers);
  equal(cursors, [-1, 5, 5]);
});

test("a hole that stays is filled from the beginning", async () => {
  const { text } = await whole("answer");
  const stays = { start: 9 };
  const { answer, cursors } = await read("answer", [{ last: 5, end: "close" }, stays, stays], {
    settles: false,
  });
  ok(answer.text === text, "text");
  equal(cursors, [-1, 5, 5, -1]);
});

test("silence is taken for a lost connection", async () => {
  const { numbers } = await whole("answer");
  const fallsSilent = [{ last: 7, end: "silence" }];
  const { taken, line } = await read("answer", fallsSilent, { silenceMs: 200 });
  equal(taken, numbers);
  equal(line, ["connected", "lost", "connected"]);
});

test("a bad frame leads to a new connection", async () => {
  const { numbers } = await whole("answer");
  const { taken } = await read("answer", [{ last: 7, end: "garbage" }]);
  equal(taken, numbers);
});

test("a busy server is asked again", async () => {
  const { numbers } = await whole("answer");
  const busy = [{ status: 503 }, { status: 429, retry_after: "0" }];
  const { taken, cursors } = await read("answer", busy);
  equal(taken, numbers);
  equal(cursors, [-1, -1, -1]);
});

test("a cursor that the server refuses leads to the beginning", async () => {
  const { text } = await whole("answer");
  const { answer, cursors } = await read("answer", [{ last: 7, end: "close" }, { status: 400 }]);
  ok(answer.text === text, "text");
  equal(cursors, [-1, 7, -1]);
});

test("a stream that cannot be had says why", async () => {
  for (const status of [400, 401, 403, 404]) {
    const error = await read("answer", [{ status }]).catch((reason) => reason);
    ok(error instanceof ApiError, "error");
    equal([error.status, error.message, error.code], [status, "not now", "refused"]);
  }
});

test("when no connection helps the response itself is asked", async () => {
  const { text } = await whole("answer");
  const early = { last: 3, end: "close" };
  const { answer, cursors } = await read("answer", [early, early, early, early, early]);
  ok(answer.text === text, "text");
  equal(cursors, [-1, 3, 3]);
});

test("a reader that left is not called again", async () => {
  const leaving = new AbortController();
  const { answer, taken } = await read("answer", [{ last: 5, end: "silence" }], {
    signal: leaving.signal,
    onTaken: (number) => number === 5 && setTimeout(() => leaving.abort()),
  });
  equal(taken, [0, 1, 2, 3, 4, 5]);
  ok(!isFinal(answer), "not final");
});
