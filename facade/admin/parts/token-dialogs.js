// What is done to a token, each in a dialog: edit, grants, rotate, revoke.
import { html, useState } from "../vendor/preact-htm.js";
import { ask } from "../api.js";
import { date } from "../format.js";
import { Ask } from "./dialog.js";
import { Text } from "./field.js";
import { Grants } from "./grants.js";
import { Expiry, Networks, Rate, endOfDay, networksOf } from "./limits.js";

const WINDOWS = { 1: "PT1S", 60: "PT1M", 3600: "PT1H", 86400: "P1D" };

/** Name, expiry, rate, networks. Only what changed is sent. */
export function Edit({ token, done, onClose }) {
  const rate = { limit: token.rate_limit?.toString() ?? "", window: WINDOWS[token.rate_window_seconds] ?? `PT${token.rate_window_seconds}S` };
  const before = { name: token.name, expiry: { kind: "keep", date: "" }, rate, networks: token.allowed_addrs.join("\n") };
  const [form, setForm] = useState(before);
  const set = (change) => setForm((old) => ({ ...old, ...change }));
  async function act() {
    const body = {};
    if (form.name !== before.name) body.name = form.name;
    if (form.expiry.kind === "") body.expires_at = null;
    if (form.expiry.kind === "date") body.expires_at = endOfDay(form.expiry.date);
    if (form.rate.limit !== rate.limit || form.rate.window !== rate.window) {
      body.rate_limit = form.rate.limit === "" ? null : Number(form.rate.limit);
      if (form.rate.limit !== "") body.rate_window = form.rate.window;
    }
    if (form.networks !== before.networks) body.allowed_addrs = networksOf(form.networks);
    if (Object.keys(body).length > 0) await ask("PATCH", `tokens/${token.id}`, { body });
    done("Changed");
  }
  const keep = token.expires_at ? `Keep ${date(token.expires_at)}` : "Keep: no expiry";
  const lifetimes = [["keep", keep], ...(token.expires_at ? [["", "No expiry"]] : []), ["date", "Date"]];
  return html`<${Ask} title="Edit the token" button="Save" act=${act} onClose=${onClose}>${(problem) => html`
    <${Text} id="edit-name" label="Name" value=${form.name} set=${(name) => set({ name })} fault=${problem?.at("name")} />
    <${Expiry} id="edit-expiry" options=${lifetimes} value=${form.expiry} set=${(expiry) => set({ expiry })} fault=${problem?.at("expires_at")} />
    <${Rate} value=${form.rate} set=${(rate) => set({ rate })} fault=${problem?.at("rate_limit", "rate_window")} />
    <${Networks} value=${form.networks} set=${(networks) => set({ networks })} fault=${problem?.at("allowed_addrs")} />
  `}<//>`;
}

/** What a confined token may act on. */
export function EditGrants({ token, done, onClose }) {
  const [grants, setGrants] = useState(token.grants);
  async function act() {
    await ask("PUT", `tokens/${token.id}/grants`, { body: { grants } });
    done("The targets are changed");
  }
  return html`<${Ask} title="Targets of “${token.name}”" button="Save targets" act=${act} onClose=${onClose}>${(problem) => html`
    <${Grants} workspaceId=${token.workspace_id} value=${grants} set=${setGrants} fault=${problem?.at("grants")} />
  `}<//>`;
}

const OVERLAPS = [
  ["", "Ends at once"],
  ["PT1H", "1 hour"],
  ["P1D", "1 day"],
  ["P7D", "7 days"],
];

/** A successor with a new secret. */
export function Rotate({ token, done, onClose }) {
  const [overlap, setOverlap] = useState("P1D");
  const [expiry, setExpiry] = useState({ kind: "keep", date: "" });
  async function act() {
    const body = { overlap: overlap || "0s" };
    if (expiry.kind === "date") body.expires_at = endOfDay(expiry.date);
    else if (expiry.kind !== "keep") body.ttl = expiry.kind;
    done(await ask("POST", `tokens/${token.id}/rotate`, { body }));
  }
  const keep = token.expires_at ? `Keep ${date(token.expires_at)}` : "No expiry";
  const lifetimes = [["keep", keep], ["P30D", "30 days"], ["P90D", "90 days"], ["P365D", "1 year"], ["date", "Date"]];
  const hint = "Long enough for whatever uses it to take the new one.";
  return html`<${Ask} title="Rotate “${token.name}”" button="Rotate" act=${act} onClose=${onClose}>${(problem) => html`
    <p>A new token with the same rights takes its place. Its secret is shown once.</p>
    <div class="field">
      <label for="overlap">The old one still works for</label>
      <p class="hint" id="overlap-hint">${hint}</p>
      <select id="overlap" aria-describedby="overlap-hint" value=${overlap} onChange=${(event) => setOverlap(event.currentTarget.value)}>
        ${OVERLAPS.map(([word, text]) => html`<option key=${word} value=${word} selected=${word === overlap}>${text}</option>`)}
      </select>
    </div>
    <${Expiry} id="rotate-expiry" label="The new one expires" options=${lifetimes} value=${expiry} set=${setExpiry} fault=${problem?.at("ttl", "expires_at")} />
  `}<//>`;
}

/** The end of a token, confirmed by its name. */
export function Revoke({ token, done, onClose }) {
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  async function act() {
    await ask("POST", `tokens/${token.id}/revoke`, { body: { reason: reason.trim() || undefined } });
    done("The token is revoked");
  }
  // A browser folds spaces in what it shows.
  const folded = (text) => text.trim().replace(/\s+/g, " ");
  const isReady = folded(typed) === folded(token.name);
  return html`<${Ask} title="Revoke “${token.name}”?" button="Revoke for good" danger ready=${isReady} act=${act} onClose=${onClose}>${(problem) => html`
    <p>Whatever uses it is refused from this moment on. This cannot be undone.</p>
    <${Text} id="reason" label="Reason" optional hint="For the audit log." maxlength="200" value=${reason} set=${setReason} fault=${problem?.at("reason")} />
    <${Text} id="confirm" label="Type the token's name to confirm" hint=${token.name} autocomplete="off" spellcheck="false" value=${typed} set=${setTyped} />
  `}<//>`;
}
