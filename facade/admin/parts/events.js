// The audit log, newest first; older pages come when they are asked for.
import { html, useState } from "../vendor/preact-htm.js";
import { get } from "../api.js";
import { kind } from "../format.js";
import { Failure } from "./feedback.js";
import { Time } from "./time.js";

/** `page` is the first one, which stays fresh; `query` finds the others. */
export function Events({ page, query }) {
  const [older, setOlder] = useState([]);
  const [problem, setProblem] = useState(null);
  const last = older.at(-1) ?? page;
  async function more() {
    try {
      const next = await get("events", { ...query, after: last.next, max_rows: 50 });
      setOlder([...older, next]);
    } catch (refusal) {
      setProblem(refusal);
    }
  }
  // A fresh first page and an older one may both have an event.
  const all = new Map([page, ...older].flatMap(({ items }) => items.map((event) => [event.id, event])));
  if (all.size === 0) return html`<p class="faint">Nothing is recorded.</p>`;
  return html`<ul class="events">${[...all.values()].map((event) => html`<${Event} key=${event.id} event=${event} />`)}</ul>
    <${Failure} problem=${problem} />
    ${last.next && html`<div class="buttons"><button type="button" class="quiet" onClick=${more}>Older</button></div>`}`;
}

function Event({ event }) {
  const detail = Object.entries(event.detail ?? {}).filter(([, value]) => value !== null);
  const said = detail.map(([name, value]) => `${kind(name)}: ${typeof value === "object" ? JSON.stringify(value) : value}`);
  return html`<li>
    <b>${kind(event.kind)}</b><span class="faint"><${Time} at=${event.at} /></span>
    <span class="faint">by ${event.actor}${event.client_addr && ` from ${event.client_addr}`}${said.length > 0 && html`<br />${said.join(" · ")}`}</span>
  </li>`;
}
