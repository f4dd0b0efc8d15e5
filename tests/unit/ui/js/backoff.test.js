import { ApiError, refusalOf } from "/assets/api-error.js";
import { backoffMs, pause } from "/assets/backoff.js";
import { persist } from "/assets/persist.js";
import { equal, ok, test } from "./testing.js";

const never = new AbortController().signal;

test("waits double up to a limit, and half of each is chance", () => {
  equal([1, 2, 3, 4].map((failures) => backoffMs(failures, 1)), [250, 500, 1000, 2000]);
  equal(backoffMs(1, 0), 125);
  equal([backoffMs(7, 1), backoffMs(1e9, 1)], [10_000, 10_000]);
});

test("a pause ends when its signal aborts or the browser is online again", async () => {
  const leaving = new AbortController();
  const left = pause(1e9, leaving.signal);
  leaving.abort();
  await left;
  const offline = pause(1e9, never);
  dispatchEvent(new Event("online"));
  await offline;
  await pause(1e9, AbortSignal.abort());
});

test("a refusal carries the server's words and its Retry-After", async () => {
  const body = JSON.stringify({ error: { message: "slow down", code: "rate_limited" } });
  const error = await refusalOf(new Response(body, { status: 429, headers: { "Retry-After": "7" } }));
  equal([error.message, error.code, error.retryAfterMs], ["slow down", "rate_limited", 7000]);
  ok(error.retryable, "retryable");
  equal((await refusalOf(new Response("<html>", { status: 502 }))).retryAfterMs, null);
});

test("a request that fails is repeated until it is answered", async () => {
  const told = [];
  let tries = 0;
  const result = await persist(
    async () => {
      tries += 1;
      if (tries === 1) throw new TypeError("no network");
      return "answer";
    },
    { signal: never, onLost: () => told.push("lost"), onFound: () => told.push("found") },
  );
  equal([result, tries, told], ["answer", 2, ["lost", "found"]]);
});

test("a server that is busy is asked after the time it names", async () => {
  const waits = [];
  let tries = 0;
  await persist(
    async () => {
      tries += 1;
      if (tries === 1) throw new ApiError(429, "busy", null, 400);
    },
    { signal: never, onBusy: (ms) => waits.push(ms) },
  );
  equal(waits, [400]);
});

test("a request that is refused for good is not repeated", async () => {
  let tries = 0;
  const error = await persist(
    async () => {
      tries += 1;
      throw new ApiError(400, "too long", null, null);
    },
    { signal: never },
  ).catch((reason) => reason);
  equal([error.status, tries], [400, 1]);
});
