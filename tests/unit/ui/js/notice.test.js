import { Notice } from "/assets/notice.js";
import { createSay } from "/assets/words.js";
import { equal, test } from "./testing.js";

const say = createSay({
  language: "en",
  question_early: "Too early",
  connection_lost: "Lost",
  offline: "Offline",
  busy_wait: { one: "{count} second", other: "{count} seconds" },
});

/** A notice, and what it says: null when it is not there. */
function drawn() {
  const notice = new Notice(say, () => {});
  return { notice, said: () => (notice.element.hidden ? null : notice.element.textContent) };
}

test("the note on an early question outlasts a connection that comes after it", () => {
  const { notice, said } = drawn();
  notice.early();
  notice.found();
  equal(said(), "Too early");
  notice.clear();
  equal(said(), null);
});

test("a connection that comes ends the countdown to it", () => {
  const { notice, said } = drawn();
  notice.busy(60_000);
  equal(said(), "60 seconds");
  notice.early();
  equal(said(), "60 seconds", "worse is to be said");
  notice.found();
  equal(said(), null);
});

test("a connection that went in the moment of an early question, and came back, is not told", async () => {
  const { notice, said } = drawn();
  notice.lost();
  notice.early();
  notice.found();
  // What would tell of a lost connection has its turn before this: it was to come first.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  equal(said(), "Too early");
});
