/**
 * Looks up what a reader sees.
 *
 * @param {import("./facts.js").Words} words
 */
export function createSay(words) {
  const language = String(words.language ?? "en");
  const plurals = new Intl.PluralRules(language);
  const decimal = new Intl.NumberFormat(language, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });

  /**
   * @param {string} key
   * @param {Record<string, string | number>} [values] for the {placeholders}; `count` chooses the
   *   plural form
   * @returns {string}
   */
  function say(key, values = {}) {
    const entry = words[key];
    if (entry === undefined) throw new Error(`no word for "${key}"`);
    const form =
      typeof entry === "string"
        ? entry
        : (entry[plurals.select(Number(values.count))] ?? entry.other ?? "");
    return form.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
  }

  /** @param {string} key */
  say.has = (key) => key in words;
  /** @param {number} ms */
  say.seconds = (ms) => decimal.format(ms / 1000);
  /** @param {number} ms */
  say.duration = (ms) =>
    ms < 1000
      ? say("milliseconds", { count: Math.round(ms) })
      : say("seconds", { seconds: say.seconds(ms) });
  return say;
}

/** @typedef {ReturnType<typeof createSay>} Say */
