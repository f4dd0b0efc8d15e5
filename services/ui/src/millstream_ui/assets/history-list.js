/**
 * The list of conversations, as Dash components for the sidebar. Pure, but for the clock handed in.
 *
 * @typedef {{
 *   id: string, created_at: number, title: string | null,
 *   last_response: {id: string, status: string} | null,
 * }} Conversation
 */

const RUNNING = new Set(["queued", "in_progress"]);

/**
 * @param {{conversations?: Conversation[], failed?: boolean} | null} history null: not known yet
 * @param {string} pathname
 * @param {import("./words.js").Say} say
 * @param {Date} now
 * @returns {any[]}
 */
export function drawHistory(history, pathname, say, now) {
  if (!history) return [];
  const conversations = history.conversations ?? [];
  if (history.failed && conversations.length === 0) return [hint(say("history_unreachable"))];
  if (conversations.length === 0) return [hint(say("history_empty"))];
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const conversation of conversations) {
    const group = ageOf(new Date(conversation.created_at * 1000), now);
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group)?.push(entry(conversation, pathname, say));
  }
  return [...groups].flatMap(([group, entries]) => [
    html("H2", { className: "history-group", children: say(`history_${group}`) }),
    html("Ul", { className: "history-entries", children: entries }),
  ]);
}

/**
 * @param {Conversation} conversation
 * @param {string} pathname
 * @param {import("./words.js").Say} say
 */
function entry(conversation, pathname, say) {
  const href = `/c/${conversation.id}`;
  const running = RUNNING.has(conversation.last_response?.status ?? "");
  const title = conversation.title || say("untitled");
  const link = {
    type: "Link",
    namespace: "dash_core_components",
    props: {
      href,
      title,
      className: href === pathname ? "history-entry current" : "history-entry",
      children: [
        html("Span", { className: "history-title", children: title }),
        running ? html("Span", { className: "running", title: say("answer_running") }) : null,
      ],
    },
  };
  return html("Li", { key: conversation.id, children: link });
}

/** @param {string} text */
function hint(text) {
  return html("P", { className: "history-hint", children: text });
}

/**
 * @param {string} type
 * @param {Record<string, any>} props
 */
function html(type, props) {
  return { type, namespace: "dash_html_components", props };
}

/**
 * @param {Date} then
 * @param {Date} now
 * @returns {"today" | "yesterday" | "earlier"}
 */
function ageOf(then, now) {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (then >= midnight) return "today";
  midnight.setDate(midnight.getDate() - 1);
  return then >= midnight ? "yesterday" : "earlier";
}
