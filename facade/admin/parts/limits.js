// What bounds a token's use: expiry, rate, networks. Fields of forms, and what they mean to the server.
import { html } from "../vendor/preact-htm.js";
import { Field, Group, Segments, tied } from "./field.js";

const LIFETIMES = [
  ["", "No expiry"],
  ["P7D", "7 days"],
  ["P30D", "30 days"],
  ["P90D", "90 days"],
  ["P365D", "1 year"],
  ["date", "Date"],
];
const WINDOWS = [
  ["PT1S", "second"],
  ["PT1M", "minute"],
  ["PT1H", "hour"],
  ["P1D", "day"],
];

/** How long it is good: `value` is { kind, date }. */
export function Expiry({ id = "expiry", label = "Expires", value, set, fault, hint, options = LIFETIMES }) {
  const today = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  return html`<${Group} id=${id} label=${label} fault=${fault} hint=${hint}>
    <div class="line">
      <${Segments} name=${id} label=${label} value=${value.kind} options=${options} set=${(kind) => set({ ...value, kind })} />
      ${value.kind === "date" && html`<input type="date" aria-label="Expires at the end of" min=${today} value=${value.date}
        onInput=${(event) => set({ ...value, date: event.currentTarget.value })} />`}
    </div>
  <//>`;
}

/** The fields of a body that say so; a date means its end, here. */
export function expiryOf({ kind, date }) {
  if (kind === "date") return { expires_at: endOfDay(date) };
  return kind ? { ttl: kind } : {};
}

/** The last second of a day here, or what the server will refuse. */
export function endOfDay(date) {
  const end = new Date(`${date}T23:59:59`);
  return Number.isNaN(end.getTime()) ? date : end.toISOString();
}

/** How often it may verify: `value` is { limit, window }. */
export function Rate({ value, set, fault }) {
  const hint = "How often it may be used; more is refused for a while.";
  return html`<${Field} id="rate" label="Rate limit" optional hint=${hint} fault=${fault}>
    <div class="line">
      <input type="number" inputmode="numeric" min="1" ...${tied("rate", { hint, fault })} placeholder="No limit" value=${value.limit}
        onInput=${(event) => set({ ...value, limit: event.currentTarget.value })} />
      <label class="faint" for="window">per</label>
      <select id="window" value=${value.window} onChange=${(event) => set({ ...value, window: event.currentTarget.value })}>
        ${WINDOWS.map(([word, text]) => html`<option key=${word} value=${word} selected=${word === value.window}>${text}</option>`)}
      </select>
    </div>
  <//>`;
}

/** The fields of a body that say so. */
export function rateOf({ limit, window }) {
  return limit === "" ? {} : { rate_limit: Number(limit), rate_window: window };
}

/** From where it may be used: one network a line. */
export function Networks({ value, set, fault }) {
  const hint = "One a line, such as 203.0.113.0/24 or 2001:db8::/32. Empty: from anywhere.";
  return html`<${Field} id="networks" label="Allowed networks" optional hint=${hint} fault=${fault}>
    <textarea rows="2" spellcheck="false" class="code" ...${tied("networks", { hint, fault })} value=${value}
      onInput=${(event) => set(event.currentTarget.value)}></textarea>
  <//>`;
}

/** The networks as a list. */
export const networksOf = (text) => text.split(/[\s,]+/).filter(Boolean);
