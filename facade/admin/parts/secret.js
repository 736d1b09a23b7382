// A token's secret: shown once, in no place but this component, and gone with it.
import { html, useCallback, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { address } from "../api.js";
import { useGuard } from "../route.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";

/** `done` forgets the secret. */
export function Secret({ secret, title, children, done }) {
  const [copied, setCopied] = useState("");
  const [asks, setAsks] = useState(null);
  const heading = useRef(null);
  const text = useRef(null);
  useEffect(() => heading.current.focus(), []);
  const confirm = useCallback(() => new Promise((answer) => setAsks({ answer })), []);
  useGuard(copied === "", confirm);

  async function copy(what, value) {
    await toClipboard(value, text.current);
    setCopied(what);
  }
  function settle(leaves) {
    asks.answer(leaves);
    setAsks(null);
  }
  async function finish() {
    if (copied || (await confirm())) done();
  }
  const curl = `curl -H 'Authorization: Bearer ${secret}' ${address("v1/token")}`;
  return html`<section class="card secret" aria-labelledby="secret-title">
    <h1 id="secret-title" tabindex="-1" ref=${heading}><${Icon} name="check" /> ${title}</h1>
    <p class="caution"><${Icon} name="warn" /> <span><b>Copy it now.</b> It is shown this once and kept nowhere: not even we can show it again.</span></p>
    <div class="field">
      <span class="label" id="secret-label">The token</span>
      <div class="copy"><code ref=${text} id="secret" tabindex="0" aria-labelledby="secret-label" role="textbox" aria-readonly="true">${secret}</code>
        <button type="button" class="primary" onClick=${() => copy("token", secret)}><${Icon} name=${copied === "token" ? "check" : "copy"} /> ${copied === "token" ? "Copied" : "Copy"}</button></div>
    </div>
    <div class="field">
      <span class="label" id="curl-label">Try it</span>
      <div class="copy"><code id="curl" tabindex="0" aria-labelledby="curl-label" role="textbox" aria-readonly="true">${curl}</code>
        <button type="button" onClick=${() => copy("curl", curl)}><${Icon} name=${copied === "curl" ? "check" : "copy"} /> ${copied === "curl" ? "Copied" : "Copy"}</button></div>
    </div>
    <p class="unseen" role="status" aria-live="polite">${copied && "Copied to the clipboard"}</p>
    ${children}
    <div class="buttons"><button type="button" onClick=${finish}>Done</button></div>
    ${asks &&
    html`<${Dialog} title="Leave without copying?" onClose=${() => settle(false)}>
      <p>You have not copied the token. Once you leave, nobody can show it again; you would have to issue another.</p>
      <div class="buttons">
        <button type="button" class="quiet" onClick=${() => settle(true)}>Leave without it</button>
        <button type="button" class="primary" onClick=${() => settle(false)}>Stay here</button>
      </div>
    <//>`}
  </section>`;
}

/** The clipboard is there over TLS and on this machine; elsewhere the old command does it. */
async function toClipboard(value, element) {
  try {
    await navigator.clipboard.writeText(value);
  } catch {
    const area = document.createElement("textarea");
    area.value = value;
    element.after(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
