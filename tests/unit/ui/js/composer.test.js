import { Composer } from "/assets/composer.js";
import { createSay } from "/assets/words.js";
import { equal, test } from "./testing.js";

const any = new Proxy({ language: "en" }, { get: (words, key) => words[key] ?? String(key), has: () => true });

/** The question box on the page, and what was asked of it. */
function box() {
  const asked = [];
  const note = (what) => (...values) => void asked.push([what, ...values]);
  const [onAsk, onStop, onEarly] = ["ask", "stop", "early"].map(note);
  const composer = new Composer({ say: createSay(any), onAsk, onStop, onEarly });
  document.body.replaceChildren(composer.element);
  return { asked, composer, button: composer.element.querySelector("button") };
}

test("what is pressed on the button stays there while its state stays the same", () => {
  const { composer, button } = box();
  composer.setState("running");
  const pressed = button.firstChild;
  composer.setState("running");
  equal(button.firstChild === pressed, true, "the same icon");
});

test("the button stops once, and sends again when all is at rest", () => {
  const { asked, composer, button } = box();
  composer.setState("running");
  button.click();
  composer.setState("stopping");
  button.click();
  composer.setState("idle");
  composer.putBack("Why?");
  button.click();
  equal(asked, [["stop"], ["ask", "Why?"]]);
});
