// How things stand: counts, verifications, whose a token is, and ending many at once.
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { ask, get } from "../api.js";
import { daysAgo, number } from "../format.js";
import { Bulk } from "../parts/bulk.js";
import { Failure, Skeleton } from "../parts/feedback.js";
import { Plot, sinceOf } from "../parts/plot.js";
import { TokenTable } from "../parts/token-table.js";
import { to } from "../route.js";
import { activeWorkspace, session, useLoaded, useShared } from "../state.js";

const FORTNIGHT = -14;

export function Overview() {
  const isAdmin = session.value.kind === "administrator";
  const active = useShared(activeWorkspace);
  const [span, setSpan] = useState("24 hours");
  const loaded = useLoaded(async (signal) => {
    const [stats, verdicts] = await Promise.all([
      get("stats", { workspace_id: active }, signal),
      isAdmin ? get("verdicts", { since: sinceOf(span).toISOString() }, signal) : null,
    ]);
    return { stats, verdicts: verdicts?.items };
  }, [active, span]);
  useEffect(() => {
    document.title = "Overview · pgtoken";
  }, []);
  const { stats, verdicts } = loaded.data ?? {};
  return html`
    <div class="title"><h1>Overview</h1></div>
    ${loaded.error?.status > 0 && html`<${Failure} problem=${loaded.error} retry=${loaded.reload} />`}
    ${!stats && !loaded.error && html`<${Skeleton} lines="5" />`}
    ${stats && html`<${Numbers} stats=${stats} />`}
    <div class="columns">
      <div>
        ${verdicts && html`<${Plot} title="Verifications" rows=${verdicts.map(rowOf)} span=${span} setSpan=${setSpan} />`}
        <${Find} />
      </div>
      <div>${verdicts && html`<${Reasons} verdicts=${verdicts} span=${span} />`}</div>
    </div>
    <${Bulk} isAdmin=${isAdmin} workspaceId=${active} />
  `;
}

const rowOf = ({ bucket, code, count }) => (code === "valid" ? { bucket, allowed: count, denied: 0 } : { bucket, allowed: 0, denied: count });

function Numbers({ stats }) {
  const linked = (value, text, query) => html`<a class="card" href=${to("tokens", query)}><b>${number(value)}</b><span>${text}</span></a>`;
  return html`<div class="numbers">
    ${linked(stats.active, "live tokens", { state: "active" })}
    ${linked(stats.expiring_14_days, "expire within 14 days", { state: "active", expires_before: daysAgo(FORTNIGHT), sort: "expires_at asc" })}
    ${linked(stats.unused_90_days, "unused for 90 days", { state: "active", unused_since: daysAgo(90) })}
    <div class="card"><b>${number(stats.denied_24_hours)}</b><span>denied to known tokens in 24 hours, ${number(stats.allowed_24_hours)} allowed</span></div>
  </div>`;
}

const REASONS = {
  malformed: "No token at all",
  not_found: "Unknown token",
  revoked: "Revoked",
  expired: "Expired",
  disabled: "Disabled",
  owner_disabled: "Owner disabled",
  workspace_disabled: "Workspace disabled",
  not_a_member: "Owner left the workspace",
  rate_limited: "Over its rate limit",
  wrong_workspace: "Another workspace",
  insufficient_scope: "Scope too low",
  insufficient_permissions: "Permission missing",
  target_forbidden: "Target not granted",
  zone_required: "Zone not named",
  zone_forbidden: "Zone not granted",
  address_forbidden: "From a forbidden network",
};

function Reasons({ verdicts, span }) {
  const counts = new Map();
  for (const { code, count } of verdicts) {
    if (code !== "valid") counts.set(code, (counts.get(code) ?? 0) + count);
  }
  const all = [...counts].sort(([, a], [, b]) => b - a);
  return html`<section class="card"><h2>Denied in ${span}, by reason</h2>
    ${all.length === 0 && html`<p class="faint">Nothing was denied.</p>`}
    <ul class="reasons">${all.map(
      ([code, count]) => html`<li key=${code}><span title=${code}>${REASONS[code] ?? code}</span><span>${number(count)}</span>
        <meter min="0" max=${all[0][1]} value=${count} aria-label="${REASONS[code] ?? code}: ${count}"></meter></li>`,
    )}</ul>
  </section>`;
}

function Find() {
  const [text, setText] = useState("");
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState(null);
  async function submit(event) {
    event.preventDefault();
    if (!text.trim()) return;
    try {
      const { items } = await ask("POST", "tokens/find", { body: { text: text.trim() } });
      setFound(items);
      setProblem(null);
      // It may have been a whole token.
      setText("");
    } catch (refusal) {
      setFound(null);
      setProblem(refusal);
    }
  }
  return html`<section class="card"><h2>Whose is this?</h2>
    <form onSubmit=${submit}>
      <div class="field"><label class="unseen" for="find">A token, its first characters or its id</label>
        <div class="find"><input id="find" type="text" autocomplete="off" spellcheck="false" placeholder="A token, its first characters or its id"
            aria-describedby="find-hint" value=${text} onInput=${(event) => setText(event.currentTarget.value)} />
          <button type="submit">Find</button></div>
        <p class="hint" id="find-hint">From a log, a leak or a configuration. What you type is in no address and no log.</p></div>
    </form>
    <${Failure} problem=${problem} />
    <div role="status">${found?.length === 0 && html`<p class="found">No token fits that you may see.</p>`}</div>
    ${found?.length > 0 && html`<div class="found"><${TokenTable} items=${found} /></div>`}
  </section>`;
}
