// Scopes and permissions as things to choose, each with what it means and why it cannot be had.
import { html } from "../vendor/preact-htm.js";
import { Group } from "./field.js";

/** Whether a member with this ladder scope holds what is needed. */
function holds(scopes, held, needed) {
  const rank = (name) => scopes.find((scope) => scope.name === name)?.rank ?? 0;
  return rank(held) >= rank(needed);
}

/** Why a scope cannot be issued here, or null. `workspace` has the owner's scope there. */
export function obstacle(scope, { scopes, workspace, isAdmin }) {
  if (scope.member_scope === null && scope.rank === null && !isAdmin) return "Only an administrator issues it";
  if (scope.confined && !workspace) return "Takes a workspace";
  const needed = scope.rank === null ? scope.member_scope : scope.name;
  if (workspace?.scope && needed && !holds(scopes, workspace.scope, needed)) return `The owner has only ${workspace.scope} there`;
  return null;
}

/** One scope, or none. */
export function ScopePicker({ scopes, value, set, fault, where }) {
  const option = (name, description, reason) => html`<label class="option" key=${name} data-off=${Boolean(reason)}>
    <input type="radio" name="scope" value=${name} checked=${value === name} disabled=${Boolean(reason)} onChange=${() => set(name)} />
    <span><b>${name || "No scope"}</b><small>${description}${reason && html` <em>${reason}.</em>`}</small></span>
  </label>`;
  const all = scopes.map((scope) => option(scope.name, scope.description, obstacle(scope, { ...where, scopes })));
  return html`<${Group} id="scope" label="Scope" fault=${fault}>
    <div class="options-grid">${all}${option("", "Permissions only: it may do what they name, and nothing else.", null)}</div>
  <//>`;
}

/** Any number of permissions, as chips. */
export function PermissionPicker({ permissions, scopes, value, set, fault, where }) {
  if (permissions.length === 0) return null;
  const toggle = (name, isOn) => set(isOn ? [...value, name] : value.filter((other) => other !== name));
  const chip = ({ name, member_scope, description }) => {
    const isOff =
      (member_scope === null && !where.isAdmin) ||
      (member_scope !== null && Boolean(where.workspace?.scope) && !holds(scopes, where.workspace.scope, member_scope));
    return html`<label class="pick" key=${name} title=${description} data-off=${isOff}>
      <input type="checkbox" checked=${value.includes(name)} disabled=${isOff} onChange=${(event) => toggle(name, event.currentTarget.checked)} /><span>${name}</span>
    </label>`;
  };
  const hint = "What it may do besides its scope.";
  return html`<${Group} id="permissions" label="Permissions" optional hint=${hint} fault=${fault}>
    <div class="picks">${permissions.map(chip)}</div>
  <//>`;
}
