// What a confined token may act on: targets of a workspace, and zones of each.
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { get } from "../api.js";
import { count } from "../format.js";
import { Failure, Skeleton } from "./feedback.js";
import { Group } from "./field.js";

const MANY = 8;

/** `value` is as the server has it: { target: true | [zone, …] }. */
export function Grants({ workspaceId, value, set, fault }) {
  const [targets, setTargets] = useState(null);
  const [problem, setProblem] = useState(null);
  const [search, setSearch] = useState("");
  useEffect(() => {
    setTargets(null);
    if (!workspaceId) return;
    const path = `workspaces/${encodeURIComponent(workspaceId)}/targets`;
    get(path).then(({ items }) => setTargets(items), setProblem);
  }, [workspaceId]);

  function toggle(id, isOn) {
    const { [id]: _, ...others } = value;
    set(isOn ? { ...others, [id]: true } : others);
  }
  function toggleZone(id, zone, isOn) {
    const zones = value[id] === true ? [] : value[id];
    const next = isOn ? [...zones, zone] : zones.filter((other) => other !== zone);
    // None ticked is the whole target, as the hint says.
    set({ ...value, [id]: next.length > 0 ? next : true });
  }
  const fits = ({ target_id, name }) => `${name ?? ""} ${target_id}`.toLowerCase().includes(search.toLowerCase());
  const shown = targets?.filter((target) => fits(target) || value[target.target_id]);
  const hint = "Tick what the token may act on. With no zone ticked it is the whole target, with zones added later, too.";
  return html`<${Group} id="grants" label="Targets" hint=${hint} fault=${fault}>
    ${!workspaceId && html`<p class="faint">Choose a workspace first.</p>`}
    ${problem && html`<${Failure} problem=${problem} />`}
    ${workspaceId && !targets && !problem && html`<${Skeleton} lines="3" />`}
    ${targets?.length === 0 && html`<p class="faint">This workspace has no targets.</p>`}
    ${targets?.length > MANY && html`<input type="search" aria-label="Find a target" placeholder="Find a target" value=${search} onInput=${(event) => setSearch(event.currentTarget.value)} />`}
    ${targets?.length > 0 &&
    html`<ul class="targets">
      ${shown.map((target) => html`<${Target} key=${target.target_id} target=${target} granted=${value[target.target_id]} toggle=${toggle} toggleZone=${toggleZone} />`)}
    </ul>`}
  <//>`;
}

function Target({ target, granted, toggle, toggleZone }) {
  const { target_id, name, zones } = target;
  const has = (zone) => Array.isArray(granted) && granted.includes(zone);
  const summary = !granted ? count(zones.length, "zone") : granted === true ? "whole target" : count(granted.length, "zone");
  return html`<li data-on=${Boolean(granted)}>
    <label class="tick"><input type="checkbox" checked=${Boolean(granted)} onChange=${(event) => toggle(target_id, event.currentTarget.checked)} />
      <span>${name || target_id}</span><span class="faint">${summary}</span></label>
    ${granted && zones.length > 0 &&
    html`<div class="zones" role="group" aria-label="Zones of ${name || target_id}">
      ${zones.map(
        ({ zone_id, name }) => html`<label class="pick" key=${zone_id}>
          <input type="checkbox" checked=${has(zone_id)} onChange=${(event) => toggleZone(target_id, zone_id, event.currentTarget.checked)} /><span>${name || zone_id}</span>
        </label>`,
      )}
    </div>`}
  </li>`;
}
