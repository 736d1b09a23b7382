// A time: how long ago, and exactly on hover.
import { html } from "../vendor/preact-htm.js";
import { ago, exact } from "../format.js";

/** `none` is what to say where there is no time. */
export function Time({ at, none }) {
  if (!at) return html`<span class="faint">${none}</span>`;
  return html`<time datetime=${at} title=${exact(at)}>${ago(at)}</time>`;
}
