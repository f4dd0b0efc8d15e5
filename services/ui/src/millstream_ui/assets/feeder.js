/**
 * Feeds the events of one response to a reader until its final one, over as many connections as it
 * takes. It never hangs: silence, an early end, a hole and a bad frame all lead to a new connection
 * from the cursor, and when connections do not help, to asking how the response stands.
 *
 * fetch is used and not EventSource, because EventSource hides what is needed here: the status and
 * body of a refusal, Retry-After, and the keep-alive comments that tell silence from a dead line.
 *
 * @typedef {import("./accumulator.js").Outcome} Outcome
 * @typedef {"connected" | "lost"} Connection
 *
 * @typedef {{
 *   open: (cursor: number, signal: AbortSignal) => Promise<Response>,
 *   settle: (signal: AbortSignal) => Promise<boolean>,
 *   cursor: () => number,
 *   startOver: () => void,
 *   onEvent: (event: any) => Outcome,
 *   isDone: () => boolean,
 *   onConnection: (connection: Connection) => void,
 *   signal: AbortSignal,
 *   onHeard?: () => void,
 *   silenceMs?: number,
 *   waitMs?: (failures: number) => number,
 * }} Reader
 *
 * open: asks for the stream after the cursor (-1: all of it).
 * settle: asks for the response itself; true when it was final (the reader is then done).
 * onHeard: something came, be it a keep-alive.
 * waitMs: how long to wait after so many failures in a row.
 * startOver: forgets what was read, because the cursor means nothing to the server.
 */

import { ApiError, refusalOf } from "./api-error.js";
import { backoffMs, pause } from "./backoff.js";
import { createFrameParser } from "./sse.js";

/** The server says something at least every 15 s. */
const SILENCE_MS = 30_000;
const LINGER_MS = 1_000;
/** After so many connections without one new event, ask for the response itself. */
const FRUITLESS_BEFORE_SETTLING = 3;

/**
 * @param {Reader} reader
 * @returns {Promise<void>} settles when the reader is done or the signal aborted; rejects with an
 *   ApiError when the server says that this stream cannot be had
 */
export async function follow(reader) {
  const wait = reader.waitMs ?? ((count) => backoffMs(count, Math.random()));
  let failures = 0;
  while (!reader.signal.aborted && !reader.isDone()) {
    const before = reader.cursor();
    let waitMs = 0;
    let hole = false;
    try {
      hole = await readOnce(reader);
      if (reader.isDone() || reader.signal.aborted) return;
    } catch (error) {
      if (reader.signal.aborted) return;
      waitMs = recoverFrom(error, reader);
    }
    failures = reader.cursor() > before ? 1 : failures + 1;
    reader.onConnection("lost");
    if (failures >= FRUITLESS_BEFORE_SETTLING) {
      if (await trySettling(reader)) return;
      // The server cannot fill this hole from here; it may from the beginning.
      if (hole) reader.startOver();
    }
    await pause(Math.max(waitMs, wait(failures)), reader.signal);
  }
}

/**
 * @param {unknown} error
 * @param {Reader} reader
 * @returns {number} milliseconds that the server asked to wait
 */
function recoverFrom(error, reader) {
  if (!(error instanceof ApiError)) return 0;
  // A cursor that the server does not know is answered with 400: read from the beginning then.
  if (error.status === 400 && reader.cursor() >= 0) {
    reader.startOver();
    return 0;
  }
  if (!error.retryable) throw error;
  return error.retryAfterMs ?? 0;
}

/** @param {Reader} reader */
async function trySettling(reader) {
  try {
    return await reader.settle(reader.signal);
  } catch (error) {
    if (error instanceof ApiError && !error.retryable) throw error;
    return false;
  }
}

/**
 * Reads one connection to its end.
 *
 * @param {Reader} reader
 * @returns {Promise<boolean>} true when it was left because of a hole
 */
async function readOnce(reader) {
  const line = new AbortController();
  const hangUp = () => line.abort();
  reader.signal.addEventListener("abort", hangUp);
  // A network that goes leaves its connections silent, and not closed.
  globalThis.addEventListener?.("offline", hangUp);
  let silence = setTimeout(hangUp, reader.silenceMs ?? SILENCE_MS);
  const heard = () => {
    reader.onHeard?.();
    clearTimeout(silence);
    silence = setTimeout(hangUp, reader.silenceMs ?? SILENCE_MS);
  };
  try {
    const response = await reader.open(reader.cursor(), line.signal);
    if (!response.ok || !response.body) throw await refusalOf(response);
    heard();
    reader.onConnection("connected");
    return await readBody(response.body, reader, heard);
  } finally {
    clearTimeout(silence);
    reader.signal.removeEventListener("abort", hangUp);
    globalThis.removeEventListener?.("offline", hangUp);
    // After the final event the stream is about to end; a connection that ends well is used again.
    setTimeout(hangUp, reader.isDone() ? LINGER_MS : 0);
  }
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {Reader} reader
 * @param {() => void} heard
 */
async function readBody(body, reader, heard) {
  let hole = false;
  const parse = createFrameParser(({ data }) => {
    // "[DONE]" closes a stream for other clients; here only a final event counts.
    if (hole || data === "[DONE]" || reader.isDone()) return;
    hole = reader.onEvent(JSON.parse(data)) === "hole";
  });
  const decoder = new TextDecoder();
  const source = body.getReader();
  while (!hole && !reader.isDone()) {
    const { done, value } = await source.read();
    if (done) return false;
    heard();
    parse(decoder.decode(value, { stream: true }));
  }
  return hole;
}
