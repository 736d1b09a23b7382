// A dialog over the page: the browser keeps the focus in it, and Escape closes it.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { Failure } from "./feedback.js";
import { focusFault } from "./field.js";

/** Open as long as it is there. `onClose` is for Escape and the cross. */
export function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    return () => before?.focus?.();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onCancel=${cancel}>
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`;
}

/** A dialog with a form: `act` does it, and what it throws is shown. */
export function Ask({ title, button, danger, ready = true, act, onClose, children }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  async function submit(event) {
    event.preventDefault();
    if (busy || !ready) return;
    setBusy(true);
    try {
      await act();
    } catch (caught) {
      setProblem(caught);
      setBusy(false);
      focusFault(form.current);
    }
  }
  const content = typeof children === "function" ? children(problem) : children;
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form ref=${form} onSubmit=${submit} novalidate>
      ${content}
      ${problem && problem.errors.length === 0 && html`<${Failure} problem=${problem} />`}
      <div class="buttons">
        <button type="button" class="quiet" onClick=${onClose}>Cancel</button>
        <button type="submit" class=${danger ? "danger" : "primary"} disabled=${!ready || busy}>${button}</button>
      </div>
    </form>
  <//>`;
}
