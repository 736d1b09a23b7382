// Issuing a token: who it acts for, what it may do, how long. Then its secret, once.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { ask, get, newKey } from "../api.js";
import { Failure, Skeleton } from "../parts/feedback.js";
import { Field, Text, focusFault, tied } from "../parts/field.js";
import { Grants } from "../parts/grants.js";
import { Expiry, Networks, Rate, expiryOf, networksOf, rateOf } from "../parts/limits.js";
import { UserPicker, WorkspacePicker } from "../parts/people.js";
import { Secret } from "../parts/secret.js";
import { PermissionPicker, ScopePicker } from "../parts/vocabulary.js";
import { go, to } from "../route.js";
import { activeWorkspace, session } from "../state.js";

const BLANK = {
  name: "",
  owner: null,
  workspace: null,
  scope: "read",
  permissions: [],
  grants: {},
  autoPublish: false,
  expiry: { kind: "P90D", date: "" },
  rate: { limit: "", window: "PT1M" },
  networks: "",
};

/** The body that the form means. */
function bodyOf(form, isConfined) {
  return {
    name: form.name,
    user_id: form.owner?.user_id,
    workspace_id: form.workspace?.workspace_id,
    scope: form.scope || null,
    permissions: form.permissions,
    ...(isConfined && { grants: form.grants, auto_publish: form.autoPublish }),
    ...expiryOf(form.expiry),
    ...rateOf(form.rate),
    allowed_addrs: networksOf(form.networks),
  };
}

export function Issue() {
  const who = session.value;
  const isAdmin = who.kind === "administrator";
  const [form, setForm] = useState(BLANK);
  const [words, setWords] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const [issued, setIssued] = useState(null);
  const element = useRef(null);
  // The same body twice is one token, whatever happens on the way; another body is another token.
  const sent = useRef({ key: "", body: "" });
  const isBusy = useRef(false);
  const set = (change) => setForm((old) => ({ ...old, ...change }));

  useEffect(() => {
    document.title = "Issue a token · pgtoken";
    load().catch(setProblem);
  }, []);
  async function load() {
    const [scopes, permissions, mine] = await Promise.all([get("scopes"), get("permissions"), isAdmin ? null : get("workspaces")]);
    const all = mine?.items ?? [];
    setWords({ scopes: scopes.items, permissions: permissions.items, isManager: all.some((w) => w.manages_tokens), mine: all });
    if (isAdmin) return;
    const here = all.find((w) => w.workspace_id === activeWorkspace.value) ?? (all.length === 1 ? all[0] : null);
    set({ owner: { user_id: who.user_id, name: who.user_id }, workspace: here });
  }

  /** What an owner has: their workspaces, or that of a service user. */
  async function pickOwner(owner) {
    set({ owner, workspace: null, grants: {} });
    if (!owner) return;
    const home = owner.service_of ?? activeWorkspace.value;
    if (!isAdmin) {
      set({ workspace: words.mine.find((w) => w.workspace_id === home) ?? null });
      return;
    }
    const { items } = await get("workspaces", { user_id: owner.user_id }).catch(() => ({ items: [] }));
    if (items.length === 1) set({ workspace: items[0] });
  }

  async function submit(event) {
    event.preventDefault();
    if (isBusy.current) return;
    isBusy.current = true;
    setBusy(true);
    const body = bodyOf(form, isConfined);
    const text = JSON.stringify(body);
    if (sent.current.body !== text) sent.current = { key: newKey(), body: text };
    try {
      const token = await ask("POST", "tokens", { body, key: sent.current.key });
      setProblem(null);
      setIssued(token);
      scrollTo(0, 0);
    } catch (refusal) {
      setProblem(refusal);
      focusFault(element.current);
    }
    isBusy.current = false;
    setBusy(false);
  }

  function again() {
    sent.current = { key: "", body: "" };
    setIssued(null);
    go(to("tokens"));
  }

  if (issued?.token) {
    return html`<${Secret} secret=${issued.token} title="“${issued.name}” is issued" done=${again}>
      <p><a href=${to(`tokens/${issued.id}`)}>See the token's page</a></p>
    <//>`;
  }
  if (issued) return html`<${Lost} token=${issued} />`;
  if (!words) return problem ? html`<${Failure} problem=${problem} />` : html`<${Skeleton} lines="8" />`;

  const scope = words.scopes.find(({ name }) => name === form.scope);
  const isConfined = Boolean(scope?.confined);
  // A service user has its own scope, which is not known here; the server decides then.
  const isMine = isAdmin || form.owner?.user_id === who.user_id;
  const where = { isAdmin, workspace: isMine ? form.workspace : form.workspace && { ...form.workspace, scope: null } };
  const shared = { where, scopes: words.scopes };
  const fault = (...names) => problem?.at(...names);
  const known = ["name", "user_id", "workspace_id", "scope", "permissions", "grants", "auto_publish", "ttl", "expires_at", "rate_limit", "rate_window", "allowed_addrs"];
  return html`
    <div class="title"><h1>Issue a token</h1></div>
    <form class="issue" ref=${element} onSubmit=${submit} novalidate>
      <section class="card">
        <${Text} id="name" label="Name" placeholder="Nightly upload" hint="What it is for, so that it is known again in a year." maxlength="200"
          value=${form.name} set=${(name) => set({ name })} fault=${fault("name")} />
        <${Owner} ...${{ form, isAdmin, words, pickOwner, fault: fault("user_id") }} />
        <${Workspace} ...${{ form, isAdmin, words, set, fault: fault("workspace_id") }} />
      </section>
      <section class="card">
        <${ScopePicker} ...${shared} value=${form.scope} set=${(scope) => set({ scope })} fault=${fault("scope")} />
        ${isConfined && html`<${Grants} workspaceId=${form.workspace?.workspace_id} value=${form.grants} set=${(grants) => set({ grants })} fault=${fault("grants")} />`}
        ${isConfined && html`<${AutoPublish} value=${form.autoPublish} set=${(autoPublish) => set({ autoPublish })} fault=${fault("auto_publish")} />`}
        <${PermissionPicker} ...${shared} permissions=${words.permissions} value=${form.permissions} set=${(permissions) => set({ permissions })} fault=${fault("permissions")} />
      </section>
      <section class="card">
        <${Expiry} value=${form.expiry} set=${(expiry) => set({ expiry })} fault=${fault("ttl", "expires_at")} />
        <${Rate} value=${form.rate} set=${(rate) => set({ rate })} fault=${fault("rate_limit", "rate_window")} />
        <${Networks} value=${form.networks} set=${(networks) => set({ networks })} fault=${fault("allowed_addrs")} />
      </section>
      ${problem && !problem.at?.(...known) && html`<${Failure} problem=${problem} />`}
      <div class="buttons">
        <a class="button quiet" href=${to("tokens")}>Cancel</a>
        <button type="submit" class="primary" disabled=${busy}>${busy ? "Issuing…" : "Issue token"}</button>
      </div>
    </form>
  `;
}

function Owner({ form, isAdmin, words, pickOwner, fault }) {
  if (!isAdmin && !words.isManager) return null;
  const hint = isAdmin ? "The token can never do more than this user." : "You, or a service user of a workspace where you manage tokens.";
  const fits = (user) => isAdmin || user.user_id === session.value.user_id || Boolean(user.service_of);
  return html`<${Field} id="owner" label="Owner" hint=${hint} fault=${fault}>
    <${UserPicker} id="owner" value=${form.owner} pick=${pickOwner} fits=${fits} placeholder="Name, id or address" described=${tied("owner", { hint, fault })} />
  <//>`;
}

function Workspace({ form, isAdmin, words, set, fault }) {
  const pick = (workspace) => set({ workspace, grants: {} });
  if (!isAdmin && words.mine.length < 2) {
    return fault ? html`<p class="fault" role="alert">${fault}</p>` : null;
  }
  const hint = isAdmin ? "One of the owner's. Without one, the token belongs to none." : "The token works in this workspace only.";
  return html`<${Field} id="workspace" label="Workspace" optional=${isAdmin} hint=${hint} fault=${fault}>
    <${WorkspacePicker} key=${form.owner?.user_id} id="workspace" value=${form.workspace} pick=${pick} userId=${isAdmin ? form.owner?.user_id : null}
      placeholder=${isAdmin ? "None" : "Choose a workspace"} described=${tied("workspace", { hint, fault })} />
  <//>`;
}

function AutoPublish({ value, set, fault }) {
  return html`<div class="field">
    <label class="tick"><input type="checkbox" checked=${value} aria-describedby="auto-publish-hint" onChange=${(event) => set(event.currentTarget.checked)} /><span>Publish at once</span></label>
    <p class="hint" id="auto-publish-hint">${value ? html`<b>What this token sends goes live without anybody looking at it first.</b>` : "What this token sends waits until somebody approves it."}</p>
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}
  </div>`;
}

/** The token is there, but the answer with its secret never arrived. */
function Lost({ token }) {
  return html`<section class="card secret">
    <h1>“${token.name}” was issued before</h1>
    <p>The server had issued it when the connection broke, and a secret is sent only once. Rotate the token to get a new one.</p>
    <p><a class="button primary" href=${to(`tokens/${token.id}`)}>Open the token</a></p>
  </section>`;
}
