// What is around every view: where one can go, who is signed in, the scheme.
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { ask, get } from "../api.js";
import { go, place, to } from "../route.js";
import { activeWorkspace, session, useShared } from "../state.js";
import { AwayBanner, Notice } from "./feedback.js";
import { Choice } from "./field.js";
import { Icon } from "./icon.js";

/** The frame of a view. */
export function Shell({ children }) {
  const who = useShared(session);
  const { path } = useShared(place);
  const here = path[0] ?? "tokens";
  const link = (view, text) =>
    html`<a href=${to(view)} aria-current=${here === view ? "page" : null}>${text}</a>`;
  return html`<div class="shell">
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header>
      <a class="mark" href=${to("tokens")} aria-label="pgtoken, tokens"><img src="icon.svg" alt="" width="26" height="26" /><b>pgtoken</b></a>
      <nav aria-label="Views">${link("tokens", "Tokens")}${link("overview", "Overview")}</nav>
      <div class="corner">
        ${who.kind === "user" && html`<${WorkspaceSwitch} />`}
        <span class="who" title=${who.kind === "user" ? "Signed in as a user" : "Signed in as an administrator"}>${who.user_id ?? who.actor ?? "administrator"}</span>
        <${SchemeButton} />
        <button type="button" class="bare" onClick=${signOut} aria-label="Sign out" title="Sign out"><${Icon} name="out" /></button>
      </div>
    </header>
    <${AwayBanner} />
    <main id="main" tabindex="-1">${children}</main>
    <${Notice} />
  </div>`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

async function signOut() {
  go(to("tokens"));
  try {
    await ask("DELETE", "session");
  } catch (problem) {
    // A session that has ended already is what was wanted.
    if (problem.status !== 401) throw problem;
  }
  session.set(null);
}

/** A user looks at one workspace at a time; a JWT that names one leaves no choice of none. */
function WorkspaceSwitch() {
  const who = useShared(session);
  const active = useShared(activeWorkspace);
  const [all, setAll] = useState([]);
  useEffect(() => {
    get("workspaces").then(({ items }) => setAll(items), () => {});
  }, [who]);
  if (all.length === 0) return null;
  const options = all.map((workspace) => [workspace.workspace_id, workspace.name || workspace.workspace_id]);
  if (!who.workspace_id) options.unshift(["", "All workspaces"]);
  return html`<${Choice} id="active-workspace" label="Workspace" value=${active ?? ""} options=${options}
    set=${(id) => activeWorkspace.set(id || null)} />`;
}

const SCHEMES = { auto: ["light", "Scheme of the system"], light: ["dark", "Light scheme"], dark: ["auto", "Dark scheme"] };
const ICONS = { auto: "auto", light: "sun", dark: "moon" };

/** System, light, dark, and round again. */
export function SchemeButton() {
  const [scheme, set] = useState(document.documentElement.dataset.scheme ?? "auto");
  const [next, label] = SCHEMES[scheme];
  function change() {
    set(next);
    document.documentElement.dataset.scheme = next;
    try {
      localStorage.setItem("pgtoken-scheme", next);
    } catch {
      // Without storage it lasts as long as the page.
    }
  }
  const title = `${label}; change`;
  return html`<button type="button" class="bare" aria-label=${title} title=${title} onClick=${change}><${Icon} name=${ICONS[scheme]} /></button>`;
}
