// A table of tokens; on a phone each row is a card.
import { html } from "../vendor/preact-htm.js";
import { to } from "../route.js";
import { session, useShared } from "../state.js";
import { Access, State } from "./badge.js";
import { Time } from "./time.js";

const COLUMNS = [
  { key: "name", title: "Name" },
  { key: "user_id", title: "Owner" },
  { key: "workspace_id", title: "Workspace" },
  { key: "scope", title: "Access" },
  { key: "", title: "State" },
  { key: "created_at", title: "Created" },
  { key: "last_used_at", title: "Last used" },
  { key: "expires_at", title: "Expires" },
];

/** `sort` is a key and a direction; without `set`, nothing is sorted here. */
export function TokenTable({ items, sort = "", set, busy = false }) {
  const me = useShared(session).user_id;
  const [by, direction] = sort.split(" ");
  const heading = ({ key, title }) => {
    if (!key || !set) return html`<th scope="col" role="columnheader" key=${title}>${title}</th>`;
    const isDescending = by === key && direction === "desc";
    const order = by === key ? (isDescending ? "descending" : "ascending") : null;
    const next = by === key ? (isDescending ? "asc" : "desc") : /_at$/.test(key) ? "desc" : "asc";
    return html`<th scope="col" role="columnheader" key=${title} aria-sort=${order}>
      <button type="button" onClick=${() => set(`${key} ${next}`)}>${title}</button>
    </th>`;
  };
  const row = (token) => html`<tr role="row" key=${token.id} data-state=${token.state}>
    <th scope="row" role="rowheader"><a href=${to(`tokens/${token.id}`)}>${token.name}</a><code>${token.start}…</code></th>
    <td role="cell" data-title="Owner">${token.user_id === me ? "You" : token.user_name || token.user_id}</td>
    <td role="cell" data-title="Workspace">${token.workspace_name || token.workspace_id || html`<span class="faint">none</span>`}</td>
    <td role="cell" data-title="Access"><${Access} token=${token} /></td>
    <td role="cell" data-title="State"><${State} state=${token.state} /></td>
    <td role="cell" data-title="Created"><${Time} at=${token.created_at} /></td>
    <td role="cell" data-title="Last used"><${Time} at=${token.last_used_at} none="never" /></td>
    <td role="cell" data-title="Expires"><${Time} at=${token.expires_at} none="never" /></td>
  </tr>`;
  return html`<div class="table" aria-busy=${busy ? "true" : "false"}>
    <table class="tokens" role="table" aria-label="Tokens">
      <thead role="rowgroup"><tr role="row">${COLUMNS.map(heading)}</tr></thead>
      <tbody role="rowgroup">${items.map(row)}</tbody>
    </table>
  </div>`;
}
