// One token: what it is, what it may do, how it is used, what happened to it.
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { ask, get } from "../api.js";
import { rate } from "../format.js";
import { Access, State } from "../parts/badge.js";
import { Events } from "../parts/events.js";
import { Failure, Skeleton } from "../parts/feedback.js";
import { Icon } from "../parts/icon.js";
import { Plot, sinceOf } from "../parts/plot.js";
import { Secret } from "../parts/secret.js";
import { Time } from "../parts/time.js";
import { Edit, EditGrants, Revoke, Rotate } from "../parts/token-dialogs.js";
import { go, to } from "../route.js";
import { notice, session, useLoaded } from "../state.js";

const DIALOGS = { edit: Edit, grants: EditGrants, revoke: Revoke };

export function Token({ id }) {
  const [span, setSpan] = useState("24 hours");
  const [dialog, setDialog] = useState("");
  const [rotated, setRotated] = useState(null);
  const [problem, setProblem] = useState(null);
  const loaded = useLoaded(async (signal) => {
    const [token, usage, events] = await Promise.all([
      get(`tokens/${id}`, {}, signal),
      get(`tokens/${id}/usage`, { since: sinceOf(span).toISOString() }, signal),
      get("events", { token_id: id, max_rows: 50 }, signal),
    ]);
    return { token, usage: usage.items, events };
  }, [id, span]);
  const token = loaded.data?.token;
  useEffect(() => {
    document.title = `${token?.name ?? "Token"} · pgtoken`;
  }, [token?.name]);

  if (rotated) {
    const leave = () => {
      setRotated(null);
      go(to(`tokens/${rotated.id}`));
    };
    return html`<${Secret} secret=${rotated.token} title="“${rotated.name}” has a new secret" done=${leave} />`;
  }
  if (!token) {
    if (!loaded.error) return html`<${Skeleton} lines="6" />`;
    return html`<${Crumb} /><${Failure} problem=${loaded.error} retry=${loaded.reload} />`;
  }

  const isEnded = token.state === "revoked" || token.state === "expired";
  // Who manages tokens of others in a workspace ends them, and no more.
  const isOwn = session.value.kind === "administrator" || token.user_id === session.value.user_id;
  const close = () => setDialog("");
  function done(text) {
    close();
    notice.set(text);
    loaded.reload();
  }
  async function enable(enabled) {
    setProblem(null);
    try {
      await ask("PATCH", `tokens/${id}`, { body: { enabled } });
      done(enabled ? "The token is enabled" : "The token is disabled");
    } catch (refusal) {
      setProblem(refusal);
    }
  }
  const Open = DIALOGS[dialog];
  const button = (name, text, kind) => html`<button type="button" class=${kind} onClick=${() => setDialog(name)}>${text}</button>`;
  return html`
    <${Crumb} />
    <div class="title">
      <div class="head"><h1>${token.name}</h1>
        <p><${State} state=${token.state} /><code>${token.start}…</code></p></div>
      ${!isEnded &&
      html`<div class="actions">
        ${isOwn && button("edit", "Edit")}
        ${isOwn && !token.disabled_at && button("rotate", "Rotate")}
        ${isOwn && html`<button type="button" onClick=${() => enable(Boolean(token.disabled_at))}>${token.disabled_at ? "Enable" : "Disable"}</button>`}
        ${button("revoke", "Revoke", "danger-quiet")}
      </div>`}
    </div>
    <${Failure} problem=${problem ?? (loaded.error?.status ? loaded.error : null)} />
    <div class="columns">
      <div>
        <${Plot} title="Use" rows=${loaded.data.usage} span=${span} setSpan=${setSpan} />
        <section class="card"><h2>History</h2><${Events} page=${loaded.data.events} query=${{ token_id: id }} /></section>
      </div>
      <div>
        <${Facts} token=${token} edit=${isOwn && !isEnded && token.workspace_id && Object.keys(token.grants).length > 0 ? () => setDialog("grants") : null} />
      </div>
    </div>
    ${Open && html`<${Open} token=${token} done=${done} onClose=${close} />`}
    ${dialog === "rotate" && html`<${Rotate} token=${token} done=${setRotated} onClose=${close} />`}
  `;
}

function Crumb() {
  return html`<a class="crumb" href=${to("tokens")}><${Icon} name="left" /> Tokens</a>`;
}

function Facts({ token, edit }) {
  const owner = [token.user_name || token.user_id, token.user_email ?? token.user_id];
  const fact = (name, value) => html`<dt>${name}</dt><dd>${value}</dd>`;
  const grants = Object.entries(token.grants);
  const metadata = Object.keys(token.metadata).length > 0 && JSON.stringify(token.metadata, null, 2);
  return html`<section class="card"><h2>Details</h2><dl class="facts">
      ${fact("Owner", html`${owner[0]} ${owner[0] !== owner[1] && html`<span class="faint">${owner[1]}</span>`}`)}
      ${fact("Workspace", token.workspace_name || token.workspace_id || html`<span class="faint">none</span>`)}
      ${fact("Access", html`<${Access} token=${token} most="99" />`)}
      ${token.auto_publish && fact("Publishing", "What it sends goes live at once")}
      ${fact("Expires", html`<${Time} at=${token.expires_at} none="never" />`)}
      ${fact("Rate limit", token.rate_limit ? rate(token.rate_limit, token.rate_window_seconds) : html`<span class="faint">none</span>`)}
      ${fact("Networks", token.allowed_addrs.length > 0 ? html`<code>${token.allowed_addrs.join(", ")}</code>` : html`<span class="faint">anywhere</span>`)}
      ${fact("Last used", html`<${Time} at=${token.last_used_at} none="never" />${token.last_used_addr && html` <span class="faint">from ${token.last_used_addr}</span>`}`)}
      ${fact("Uses", token.use_count.toLocaleString("en"))}
      ${token.last_denied_at && fact("Last denied", html`<${Time} at=${token.last_denied_at} /> <span class="faint">${token.last_denied_code}</span>`)}
      ${fact("Created", html`<${Time} at=${token.created_at} /> <span class="faint">by ${token.created_by}</span>`)}
      ${token.disabled_at && fact("Disabled", html`<${Time} at=${token.disabled_at} /> <span class="faint">by ${token.disabled_by}</span>`)}
      ${token.revoked_at && fact("Revoked", html`<${Time} at=${token.revoked_at} /> <span class="faint">by ${token.revoked_by}</span>`)}
      ${token.revoke_reason && fact("Reason", token.revoke_reason)}
      ${token.rotated_from && fact("Successor of", html`<a href=${to(`tokens/${token.rotated_from}`)}>the token before</a>`)}
      ${fact("Id", html`<code>${token.id}</code>`)}
      ${metadata && fact("Metadata", html`<pre>${metadata}</pre>`)}
    </dl></section>
    ${grants.length > 0 &&
    html`<section class="card"><div class="between"><h2>Targets</h2>${edit && html`<button type="button" onClick=${edit}>Change targets</button>`}</div>
      <dl class="facts">${grants.map(([target, zones]) => fact(target, zones === true ? html`<span class="faint">the whole target</span>` : zones.map((zone) => html`<span class="badge" key=${zone}>${zone}</span> `)))}</dl>
    </section>`}`;
}
