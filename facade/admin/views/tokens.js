// The list of tokens: searched, filtered, sorted, page by page. The address says what is shown.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { get } from "../api.js";
import { date } from "../format.js";
import { Empty, Failure, Skeleton } from "../parts/feedback.js";
import { Choice } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { UserPicker, WorkspacePicker } from "../parts/people.js";
import { TokenTable } from "../parts/token-table.js";
import { refine, to } from "../route.js";
import { activeWorkspace, session, useLoaded, useShared } from "../state.js";

const PAGE = 50;
const PAUSE = 25;
const STATES = ["active", "suspended", "disabled", "expired", "revoked"];
const FILTERS = ["search", "state", "scope", "user_id", "workspace_id", "expires_before", "unused_since"];

export function Tokens({ query }) {
  const who = useShared(session);
  const active = useShared(activeWorkspace);
  const asked = Object.fromEntries([...FILTERS, "sort"].map((name) => [name, query.get(name) ?? ""]));
  const [trail, setTrail] = useState([]);
  const [scopes, setScopes] = useState([]);
  const key = JSON.stringify([asked, active]);
  // Another question begins with its first page.
  const pages = trail.key === key ? trail : [];
  const after = pages.at(-1);
  const isUser = who.kind === "user";
  const list = useLoaded(
    (signal) => {
      const workspace_id = isUser ? active : asked.workspace_id;
      return get("tokens", { ...asked, workspace_id, after, max_rows: PAGE }, signal);
    },
    [key, after],
  );
  useEffect(() => {
    document.title = "Tokens · pgtoken";
    get("scopes").then(({ items }) => setScopes(items), () => {});
  }, []);

  const set = (change) => refine(to("tokens", { ...asked, ...change }));
  function turn(next) {
    setTrail(Object.assign(next, { key }));
    scrollTo(0, 0);
  }
  const isFiltered = FILTERS.some((name) => asked[name]);
  const items = list.data?.items;
  return html`
    <div class="title">
      <h1>Tokens</h1>
      <a class="button primary" href=${to("issue")}><${Icon} name="plus" /> Issue a token</a>
    </div>
    <${Filters} asked=${asked} set=${set} scopes=${scopes} isUser=${isUser} />
    ${list.error && !(list.error.status === 0 && items) && html`<${Failure} problem=${list.error} retry=${list.reload} />`}
    ${!items && !list.error && html`<${Skeleton} lines="8" />`}
    ${items && items.length === 0 && html`<${Nothing} isFiltered=${isFiltered} clear=${() => refine(to("tokens"))} />`}
    ${items && items.length > 0 && html`<${TokenTable} items=${items} sort=${asked.sort || "created_at desc"} set=${(sort) => set({ sort })} busy=${list.busy} />`}
    ${items && (pages.length > 0 || list.data.next) &&
    html`<nav class="pages" aria-label="Pages">
      <button type="button" disabled=${pages.length === 0} onClick=${() => turn(pages.slice(0, -1))}><${Icon} name="left" /> Newer page</button>
      <span class="faint">Page ${pages.length + 1}</span>
      <button type="button" disabled=${!list.data.next || list.busy} onClick=${() => turn([...pages, list.data.next])}>Next page <${Icon} name="right" /></button>
    </nav>`}
    <p class="unseen" role="status" aria-live="polite">${items && !list.busy ? `${items.length} tokens shown` : ""}</p>
  `;
}

function Filters({ asked, set, scopes, isUser }) {
  const [search, setSearch] = useState(asked.search);
  const timer = useRef(0);
  // The back button changes the address without typing.
  useEffect(() => setSearch(asked.search), [asked.search]);
  function type(text) {
    setSearch(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => set({ search: text }), PAUSE);
  }
  const states = [["", "Any state"], ...STATES.map((state) => [state, state[0].toUpperCase() + state.slice(1)])];
  const words = [["", "Any scope"], ...scopes.map(({ name }) => [name, name])];
  return html`<search class="filters">
    <label class="search" for="search"><span class="unseen">Search names and starts</span><${Icon} name="search" />
      <input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="Search by name or first characters"
        value=${search} onInput=${(event) => type(event.currentTarget.value)} />
    </label>
    <${Choice} id="state" label="State" value=${asked.state} set=${(state) => set({ state })} options=${states} />
    <${Choice} id="scope" label="Scope" value=${asked.scope} set=${(scope) => set({ scope })} options=${words} />
    ${!isUser && html`<${Picked} Picker=${UserPicker} id="owner" label="Owner" field="user_id" chosen=${asked.user_id} set=${set} />`}
    ${!isUser && html`<${Picked} Picker=${WorkspacePicker} id="workspace" label="Workspace" field="workspace_id" chosen=${asked.workspace_id} set=${set} />`}
    ${isUser && html`<${Mine} asked=${asked} set=${set} />`}
    ${asked.expires_before && html`<${Chip} text="Expires before ${date(asked.expires_before)}" clear=${() => set({ expires_before: "" })} />`}
    ${asked.unused_since && html`<${Chip} text="Unused since ${date(asked.unused_since)}" clear=${() => set({ unused_since: "" })} />`}
  </search>`;
}

function Mine({ asked, set }) {
  const { user_id } = useShared(session);
  const options = [["", "Everybody's"], [user_id, "Only mine"]];
  return html`<${Choice} id="owner" label="Owner" value=${asked.user_id} set=${(user_id) => set({ user_id })} options=${options} />`;
}

function Picked({ Picker, id, label, field, chosen, set }) {
  // The address has only the id; what was picked here has a name, too.
  const [picked, setPicked] = useState(null);
  const value = chosen ? (picked?.[field] === chosen ? picked : { [field]: chosen }) : null;
  function pick(item) {
    setPicked(item);
    set({ [field]: item?.[field] ?? "" });
  }
  return html`<div class="choice"><label for=${id}>${label}</label>
    <${Picker} id=${id} value=${value} pick=${pick} placeholder="Any" />
    ${value && html`<button type="button" class="clear" aria-label="Any ${label.toLowerCase()}" onClick=${() => pick(null)}><${Icon} name="close" /></button>`}
  </div>`;
}

function Chip({ text, clear }) {
  return html`<span class="filter">${text}<button type="button" class="clear" aria-label="Remove: ${text}" onClick=${clear}><${Icon} name="close" /></button></span>`;
}

function Nothing({ isFiltered, clear }) {
  if (isFiltered) {
    return html`<${Empty} title="No token fits"><p>Nothing here has all that you ask for.</p><button type="button" onClick=${clear}>Clear all filters</button><//>`;
  }
  return html`<${Empty} title="No tokens yet">
    <p>A token lets a program act for its owner, with a scope that you choose.</p>
    <a class="button primary" href=${to("issue")}>Issue the first token</a>
  <//>`;
}
