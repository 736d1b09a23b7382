// Ending many tokens at once: filters, then what they fit, then the deed.
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { ask, get } from "../api.js";
import { count, number, startOfDay } from "../format.js";
import { notice } from "../state.js";
import { Ask } from "./dialog.js";
import { Failure } from "./feedback.js";
import { Field, Text } from "./field.js";
import { UserPicker, WorkspacePicker } from "./people.js";

const BLANK = { owner: null, workspace: null, scope: "", issuedBefore: "", unusedSince: "" };
/** So many ids fit into a body; what was previewed is then exactly what ends. */
const MOST_IDS = 1000;
const SHOWN = 8;

export function Bulk({ isAdmin, workspaceId }) {
  const [form, setForm] = useState(BLANK);
  const [scopes, setScopes] = useState([]);
  const [preview, setPreview] = useState(null);
  const [problem, setProblem] = useState(null);
  const set = (change) => setForm((old) => ({ ...old, ...change }));
  useEffect(() => {
    get("scopes").then(({ items }) => setScopes(items), () => {});
  }, []);
  const filters = {
    user_id: form.owner?.user_id,
    workspace_id: isAdmin ? form.workspace?.workspace_id : workspaceId ?? undefined,
    scope: form.scope || undefined,
    issued_before: startOfDay(form.issuedBefore) || undefined,
    unused_since: startOfDay(form.unusedSince) || undefined,
  };
  const isBlank = Object.values(form).every((value) => !value);

  async function look(event) {
    event.preventDefault();
    setProblem(null);
    try {
      const { ids } = await ask("POST", "tokens/revoke", { body: { ...filters, dry_run: true } });
      const first = await Promise.all(ids.slice(0, SHOWN).map((id) => get(`tokens/${id}`)));
      setPreview({ ids, first, filters });
    } catch (refusal) {
      setProblem(refusal);
    }
  }
  const day = (id, label, field) => html`<${Field} id=${id} label=${label}>
    <input type="date" id=${id} value=${form[field]} onInput=${(event) => set({ [field]: event.currentTarget.value })} />
  <//>`;
  return html`<section class="card"><h2>Revoke many</h2>
    <form onSubmit=${look}>
      <div class="bulk">
        <${Field} id="bulk-owner" label="Of one owner"><${UserPicker} id="bulk-owner" value=${form.owner} pick=${(owner) => set({ owner })} placeholder="Anybody" /><//>
        ${isAdmin && html`<${Field} id="bulk-workspace" label="In one workspace"><${WorkspacePicker} id="bulk-workspace" value=${form.workspace} pick=${(workspace) => set({ workspace })} placeholder="Anywhere" /><//>`}
        <${Field} id="bulk-scope" label="With one scope"><select id="bulk-scope" value=${form.scope} onChange=${(event) => set({ scope: event.currentTarget.value })}>
          ${["", ...scopes.map(({ name }) => name)].map((name) => html`<option key=${name} value=${name} selected=${name === form.scope}>${name || "Any"}</option>`)}
        </select><//>
        ${day("bulk-issued", "Issued before", "issuedBefore")}
        ${day("bulk-unused", "Unused since", "unusedSince")}
      </div>
      <${Failure} problem=${problem} />
      <div class="buttons"><button type="submit" disabled=${isBlank}>Preview</button></div>
    </form>
    ${preview && html`<${Confirm} preview=${preview} onClose=${() => setPreview(null)} />`}
  </section>`;
}

function Confirm({ preview, onClose }) {
  const { ids, first, filters } = preview;
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  async function act() {
    const body = { ...filters, reason: reason.trim() || undefined };
    if (ids.length <= MOST_IDS) body.ids = ids;
    const answer = await ask("POST", "tokens/revoke", { body });
    notice.set(`${count(answer.count, "token")} revoked`);
    onClose();
  }
  if (ids.length === 0) {
    return html`<${Ask} title="No live token fits" button="All right" act=${onClose} onClose=${onClose}><p>Nothing would be revoked.</p><//>`;
  }
  const isReady = typed.replace(/\D/g, "") === String(ids.length);
  return html`<${Ask} title="Revoke ${count(ids.length, "token")}?" button="Revoke for good" danger ready=${isReady} act=${act} onClose=${onClose}>${(problem) => html`
    <p>Whatever uses them is refused from this moment on. This cannot be undone.</p>
    <ul class="preview" tabindex="0" aria-label="What would be revoked">
      ${first.map((token) => html`<li key=${token.id}><span>${token.name}</span><span class="faint">${token.user_name || token.user_id}</span></li>`)}
      ${ids.length > first.length && html`<li class="faint">and ${number(ids.length - first.length)} more</li>`}
    </ul>
    <${Text} id="bulk-reason" label="Reason" optional hint="For the audit log." maxlength="200" value=${reason} set=${setReason} fault=${problem?.at("reason")} />
    <${Text} id="bulk-confirm" label="Type how many to confirm" hint=${String(ids.length)} inputmode="numeric" autocomplete="off" value=${typed} set=${setTyped} />
  `}<//>`;
}
