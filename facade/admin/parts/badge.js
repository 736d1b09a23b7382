// State, scope, permissions and grants of a token, in few words.
import { html } from "../vendor/preact-htm.js";
import { grants } from "../format.js";

const MEANING = {
  active: "It verifies",
  suspended: "Its owner, workspace or grants allow nothing now",
  disabled: "Switched off; it can be switched on again",
  expired: "Its time is over",
  revoked: "Ended for good",
};

/** The state as a dot and a word. */
export function State({ state }) {
  return html`<span class="state" data-state=${state} title=${MEANING[state]}>${state}</span>`;
}

/** What a token may do. `most` permissions are named, the others counted. */
export function Access({ token, most = 2 }) {
  const named = token.permissions.slice(0, most);
  const others = token.permissions.slice(most);
  const granted = Object.keys(token.grants).length > 0;
  return html`<span class="access">
    ${token.scope && html`<span class="badge scope">${token.scope}</span>`}
    ${named.map((name) => html`<span class="badge" key=${name}>${name}</span>`)}
    ${others.length > 0 && html`<span class="badge" title=${others.join(", ")}>+${others.length}</span>`}
    ${granted && html`<span class="faint">${grants(token.grants)}</span>`}
    ${token.auto_publish && html`<span class="badge warn">auto-publish</span>`}
    ${!token.scope && named.length === 0 && html`<span class="faint">nothing</span>`}
  </span>`;
}
