/** One question and its answer on the page. Draws an Answer; knows nothing of networks. */

import { isFinal } from "./accumulator.js";
import { AnswerActions } from "./answer-actions.js";
import { copyFrom } from "./clipboard.js";
import { colourCode } from "./code-block.js";
import { make } from "./elements.js";
import { drawCancelled, drawOutcome, isUngrounded, outcomesOf } from "./outcome-view.js";
import { QuestionView } from "./question-view.js";
import { showWhatOpens } from "./scroll-follower.js";
import { citedNumbers, drawSources } from "./sources-view.js";
import { drawTimings, phaseText } from "./status-line.js";
import { StreamedMarkdown } from "./streamed-markdown.js";

/**
 * @typedef {import("./accumulator.js").Answer} Answer
 * @typedef {import("./accumulator.js").Passage} Passage
 *
 * @typedef {{
 *   say: import("./words.js").Say,
 *   onPassage: (passage: Passage) => void,
 *   onRetry: (turn: TurnView) => void,
 *   onReplace: (turn: TurnView, question: string) => void,
 *   onFeedback: (
 *     responseId: string,
 *     feedback: {rating: "up" | "down" | null, comment: string | null},
 *   ) => Promise<void>,
 *   announce: (words: string) => void,
 *   afterRender: () => void,
 * }} Surroundings
 *
 * onReplace: the same question, or an edited one, is asked in this turn's place.
 */

export class TurnView {
  #element;
  #status = make("div", { class: "status-line" });
  #outcome = make("div", { class: "outcome" });
  #sources = make("div", { class: "sources" });
  #markdown;
  #article;
  #actions;
  /** @type {Answer | null} */
  #answer = null;
  #phase = "";
  #question;
  #questionView;
  #around;
  /** When the question was sent from this page, and how long its first words took to get here. */
  #askedAt = 0;
  /** @type {number | null} */
  #firstWordsMs = null;

  /**
   * @param {string} question
   * @param {Surroundings} around
   */
  constructor(question, around) {
    const { say, afterRender } = around;
    this.#question = question;
    this.#around = around;
    this.#markdown = new StreamedMarkdown({
      afterRender,
      onFinal: (nodes) => void colourCode(nodes),
      copyLabel: say("copy_code"),
      citationLabel: (number) =>
        say("open_source", { number, document: this.#passage(number)?.document ?? "" }),
    });
    this.#actions = new AnswerActions({
      say,
      onCopy: (button) => void this.#copy(button, this.shownText),
      onRegenerate: () => around.onReplace(this, this.#question),
      onFeedback: (feedback) => around.onFeedback(this.#answer?.responseId ?? "", feedback),
    });
    this.#article = make(
      "article",
      { class: "answer", "aria-label": say("answer"), "aria-busy": "true" },
      this.#outcome,
      this.#markdown.element,
      this.#sources,
      make("div", { class: "answer-foot" }, this.#actions.bar, this.#status),
      this.#actions.form,
    );
    this.#article.addEventListener("click", (event) => this.#onClick(event));
    showWhatOpens(this.#article);
    this.#questionView = new QuestionView(question, say, (edited) => around.onReplace(this, edited));
    this.#element = make(
      "section",
      { class: "turn" },
      make("h2", { class: "visually-hidden" }, say("you_asked")),
      this.#questionView.element,
      this.#article,
    );
  }

  get element() {
    return this.#element;
  }

  get question() {
    return this.#question;
  }

  get answer() {
    return this.#answer;
  }

  /** The Markdown that is on the page, or will be in the next frame. */
  get shownText() {
    return this.#markdown.source;
  }

  /**
   * @param {string} key of a word
   * @param {Record<string, string | number>} [values]
   */
  showPhase(key, values) {
    this.#setStatus(this.#around.say(key, values), key);
  }

  /** The question goes out now. */
  sent() {
    this.#askedAt = performance.now();
    this.showPhase("phase_sending");
  }

  /** @param {Answer} answer */
  show(answer) {
    const before = this.#answer;
    this.#answer = answer;
    if (this.#askedAt && answer.text !== "") this.#firstWordsMs ??= performance.now() - this.#askedAt;
    this.#element.dataset.responseId = answer.responseId ?? "";
    this.#element.dataset.status = answer.status;
    if (before && before.revision !== answer.revision) this.#markdown.clear();
    if (answer.text !== this.#markdown.source || before?.passages !== answer.passages) {
      this.#markdown.update(answer.text, new Set(answer.passages.map(({ number }) => number)));
    }
    if (isFinal(answer)) this.#finish(answer);
    else this.#setStatus(phaseText(answer, this.#around.say), answer.phase);
  }

  /**
   * The question did not become a response, or the response cannot be had.
   *
   * @param {import("./trouble.js").Trouble} trouble
   */
  refuse({ title, reason, action, retryHelps, editHelps }) {
    const { say, onRetry, announce, afterRender } = this.#around;
    this.#element.dataset.status = "refused";
    this.#article.setAttribute("aria-busy", "false");
    this.#markdown.end();
    this.#status.replaceChildren();
    this.#phase = "";
    const retry = retryHelps ? { label: say("retry"), act: () => onRetry(this) } : undefined;
    const edit = editHelps ? { label: say("edit"), act: () => this.#questionView.edit() } : undefined;
    this.#outcome.replaceChildren(drawOutcome("failed", title, reason, action ?? retry ?? edit));
    announce(reason ? `${title}: ${reason}` : title);
    afterRender();
  }

  /** What was refused is tried again. */
  resume() {
    delete this.#element.dataset.status;
    this.#article.setAttribute("aria-busy", "true");
    this.#outcome.replaceChildren();
    this.showPhase("phase_queued");
  }

  /** The question was taken back before it became a response. */
  withdraw() {
    this.#element.dataset.status = "cancelled";
    this.#article.setAttribute("aria-busy", "false");
    this.#markdown.end();
    this.#status.replaceChildren();
    this.#outcome.replaceChildren(drawCancelled(this.#around.say));
    this.#around.announce(this.#around.say("announce_cancelled"));
  }

  /** @param {Answer} answer */
  #finish(answer) {
    const { say, onRetry } = this.#around;
    this.#markdown.end();
    this.#markdown.element.hidden = answer.text.trim() === "";
    this.#article.setAttribute("aria-busy", "false");
    this.#element.classList.toggle("ungrounded", isUngrounded(answer));
    this.#outcome.replaceChildren(
      ...outcomesOf(answer, say, () => onRetry(this)),
    );
    const cited = citedNumbers(this.#article);
    this.#sources.replaceChildren(...drawSources(answer, cited, say));
    this.#status.replaceChildren(
      ...drawTimings(answer, { cited: cited.size, firstWordsMs: this.#firstWordsMs }, say),
    );
    this.#actions.show({ text: answer.text.trim() !== "", feedback: answer.feedback });
    this.#phase = "done";
    // What stands below the text has grown the page, too.
    this.#around.afterRender();
  }

  /**
   * @param {string} text
   * @param {string} phase
   */
  #setStatus(text, phase) {
    this.#element.dataset.phase = phase;
    if (this.#phase === text) return;
    this.#phase = text;
    this.#around.announce(text);
    this.#status.replaceChildren(
      make("span", { class: "activity", "aria-hidden": "true" }),
      make("span", { class: "phase" }, text),
    );
    this.#around.afterRender();
  }

  /**
   * @param {HTMLElement} button
   * @param {string} text
   */
  async #copy(button, text) {
    if (await copyFrom(button, text)) this.#around.announce(this.#around.say("copied"));
  }

  /** @param {number} number */
  #passage(number) {
    return this.#answer?.passages.find((passage) => passage.number === number);
  }

  /** @param {Event} event */
  #onClick(event) {
    const target = /** @type {Element} */ (event.target);
    const copy = /** @type {HTMLElement | null} */ (target.closest("[data-copy]"));
    if (copy) {
      void this.#copy(copy, copy.closest(".code-block")?.querySelector("code")?.textContent ?? "");
      return;
    }
    const button = target.closest("[data-cite]");
    const passage = button && this.#passage(Number(button.getAttribute("data-cite")));
    if (passage) this.#around.onPassage(passage);
  }
}
