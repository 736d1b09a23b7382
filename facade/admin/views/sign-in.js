// Signing in: a one-time link, the administrator's secret, or a JWT.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { ask } from "../api.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icon.js";
import { SchemeButton } from "../parts/shell.js";
import { Text, tied } from "../parts/field.js";
import { away, enter, session, signInAgain, useShared } from "../state.js";

const REASONS = {
  link_expired: "This sign-in link has expired. Links work for 15 minutes: ask for a new one.",
  link_used: "This sign-in link was used already. Each works once: ask for a new one.",
  link_invalid: "This sign-in link is not one of ours, or was cut short on its way. Ask for a new one.",
  token_cannot_manage:
    "This is an API token. It works for the program it was issued to, but manages no tokens, whatever its scope: " +
    "whoever finds it could make itself more of them. Sign in with a link, the administrator's secret or your JWT.",
  insufficient_scope: "This is the verifier's secret. It checks tokens and manages none.",
  invalid_token: "Nobody is known by this. Check that it is complete and has not expired.",
  sign_in_off: "Signing in is switched off here: the server has no PGTOKEN_ADMIN_SECRET.",
  too_many_guesses: "Too many failed attempts from your address. Wait a minute, then try again.",
  keys_unavailable: "Your JWT cannot be checked right now, because its keys cannot be fetched. Try again shortly.",
  cross_origin: "This page is served from another address than the one in your browser. Open the original address.",
};

const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Signs in with `{ link }`, `{ secret, actor }` or `{ jwt }`. */
export async function redeem(proof) {
  enter(await ask("POST", "session", { body: proof }));
}

/** What somebody typed is one of these. A whole link may be pasted, too. */
function proofOf(typed, actor) {
  const text = typed.trim();
  const link = text.split("#link=")[1];
  if (link) return { link };
  return JWT.test(text) ? { jwt: text } : { secret: text, actor: actor.trim() || undefined };
}

function Form({ problem: first, done }) {
  const [typed, setTyped] = useState("");
  const [actor, setActor] = useState("");
  const [problem, setProblem] = useState(first);
  const [busy, setBusy] = useState(false);
  const input = useRef(null);
  useEffect(() => setProblem(first), [first]);
  useEffect(() => input.current.focus(), []);
  async function submit(event) {
    event.preventDefault();
    if (busy || !typed.trim()) return;
    setBusy(true);
    try {
      done(await ask("POST", "session", { body: proofOf(typed, actor) }));
    } catch (refusal) {
      setProblem(refusal);
    }
    setTyped("");
    setBusy(false);
    input.current?.focus();
  }
  const fault = problem && (REASONS[problem.code] ?? problem.message);
  const hint = "The administrator's secret, or the JWT of your application. A sign-in link works, too.";
  return html`<form onSubmit=${submit}>
    ${fault && html`<p class="failure" role="alert" id="sign-in-fault"><${Icon} name="warn" /><span>${fault}</span></p>`}
    <div class="field">
      <label for="credential">Secret or JWT</label>
      <p class="hint" id="credential-hint">${hint}</p>
      <input ref=${input} type="password" autocomplete="current-password" required ...${tied("credential", { hint })}
        value=${typed} onInput=${(event) => setTyped(event.currentTarget.value)} />
    </div>
    ${!JWT.test(typed.trim()) &&
    html`<${Text} id="actor" label="Your name" optional hint="The audit log says who used the secret." autocomplete="name"
      maxlength="100" value=${actor} set=${setActor} />`}
    <div class="buttons"><button type="submit" class="primary" disabled=${busy}>Sign in</button></div>
  </form>`;
}

/** The whole page, when nobody is signed in. */
export function SignIn({ problem }) {
  useEffect(() => {
    document.title = "Sign in · pgtoken";
  }, []);
  return html`<main class="sign-in">
    <div class="corner"><${SchemeButton} /></div>
    <section class="card">
      <img src="icon.svg" alt="" width="44" height="44" />
      <h1>Sign in to pgtoken</h1>
      <${Form} problem=${problem} done=${enter} />
      <p class="hint">Whoever runs the server makes a one-time link with <code>pgtoken-facade sign-in-link</code></p>
    </section>
  </main>`;
}

/** Over the page, when the session ends meanwhile: the same person goes on where they were. */
export function SignInAgain({ waiting }) {
  const before = useShared(session);
  useShared(away);
  function done(who) {
    const isSame = who.kind === before.kind && who.user_id === before.user_id;
    session.set(who);
    if (isSame) waiting.goOn();
    else location.reload();
  }
  function leave() {
    waiting.giveUp(new Error("You are signed out."));
    signInAgain.set(null);
    session.set(null);
  }
  return html`<${Dialog} title="Your session has ended" onClose=${leave}>
    <p>Sign in again to go on. What you typed is still there.</p>
    <${Form} done=${done} />
    <p><button type="button" class="link" onClick=${leave}>Leave the page instead</button></p>
  <//>`;
}
