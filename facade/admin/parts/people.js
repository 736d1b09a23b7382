// Pickers of users and workspaces.
import { html } from "../vendor/preact-htm.js";
import { get } from "../api.js";
import { Combo } from "./combo.js";

const nameOf = (id) => (item) => item.name || item[id];

/** A user, by name, id or address. `fits` may leave some out. */
export function UserPicker({ fits = () => true, query, ...rest }) {
  const load = async (search, signal) => {
    const { items } = await get("users", { search, max_rows: 20, ...query }, signal);
    return items.filter(fits);
  };
  const detail = (user) => [user.email ?? user.user_id, user.service_of && "service user", user.disabled_at && "disabled"].filter(Boolean).join(" · ");
  return html`<${Combo} ...${rest} load=${load} label=${nameOf("user_id")} detail=${detail} />`;
}

/** A workspace, by name or id; those of one user where `userId` is given. */
export function WorkspacePicker({ userId, ...rest }) {
  const load = async (search, signal) => {
    const { items } = await get("workspaces", { user_id: userId }, signal);
    const text = search.toLowerCase();
    return items.filter((item) => `${item.name ?? ""} ${item.workspace_id}`.toLowerCase().includes(text)).slice(0, 50);
  };
  const detail = (workspace) => [workspace.workspace_id, workspace.disabled_at && "disabled"].filter(Boolean).join(" · ");
  return html`<${Combo} ...${rest} load=${load} label=${nameOf("workspace_id")} detail=${detail} />`;
}
