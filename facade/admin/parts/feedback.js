// What the page says while it waits, when there is nothing, and when something is wrong.
import { html, useEffect } from "../vendor/preact-htm.js";
import { away, notice, useShared } from "../state.js";
import { Icon } from "./icon.js";

/** Grey lines where text will be. */
export function Skeleton({ lines = 6 }) {
  const all = Array.from({ length: lines }, (_, line) => html`<div class="bone" key=${line}></div>`);
  return html`<div class="skeleton" role="status"><span class="unseen">Loading</span>${all}</div>`;
}

/** What a refusal says, and its id for whoever reads the log. */
export function Failure({ problem, retry }) {
  if (!problem) return null;
  return html`<div class="failure" role="alert">
    <${Icon} name="warn" />
    <div>
      <p>${sentence(problem.message)}</p>
      ${problem.status >= 500 && problem.requestId && html`<p class="faint">Request ${problem.requestId}</p>`}
    </div>
    ${retry && html`<button type="button" class="quiet" onClick=${retry}>Try again</button>`}
  </div>`;
}

/** A message of the server as a sentence; the argument before the colon is for programs. */
export function sentence(message) {
  const text = message.replace(/^[a-z_]+: /, "");
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

/** Nothing to see, and what to do about it. */
export function Empty({ title, children }) {
  return html`<div class="empty"><${Icon} name="key" /><h2>${title}</h2><div>${children}</div></div>`;
}

/** Says that the server is gone, as long as it is. */
export function AwayBanner() {
  const isAway = useShared(away);
  return html`<div role="status" aria-live="polite">
    ${isAway && html`<p class="banner"><${Icon} name="warn" /> The server cannot be reached. Trying again…</p>`}
  </div>`;
}

/** A sentence about what was done; it goes after a while. */
export function Notice() {
  const text = useShared(notice);
  useEffect(() => {
    if (!text) return undefined;
    const timer = setTimeout(() => notice.set(null), 5000);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<div class="notices" role="status" aria-live="polite">
    ${text && html`<p class="notice"><${Icon} name="check" /> ${text}</p>`}
  </div>`;
}
