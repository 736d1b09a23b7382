// A labelled field with a hint and what the server says is wrong with it.
import { html } from "../vendor/preact-htm.js";
import { sentence } from "./feedback.js";

/** The attributes that tie a control to its label, hint and fault. */
export function tied(id, { hint, fault }) {
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  return { id, "aria-describedby": described || null, "aria-invalid": fault ? "true" : null };
}

/** A label above one control. */
export function Field({ id, label, hint, fault, optional, children }) {
  return html`<div class="field" data-fault=${Boolean(fault)}>
    <label for=${id}>${label} ${optional && html`<span class="faint">optional</span>`}</label>
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${children}
    <${Fault} id=${id} fault=${fault} />
  </div>`;
}

/** A legend above several controls. */
export function Group({ id, label, hint, fault, optional, children }) {
  const { id: _, ...described } = tied(id, { hint, fault });
  return html`<fieldset class="field" id=${id} data-fault=${Boolean(fault)} ...${described} aria-invalid=${null}>
    <legend>${label} ${optional && html`<span class="faint">optional</span>`}</legend>
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${children}
    <${Fault} id=${id} fault=${fault} />
  </fieldset>`;
}

function Fault({ id, fault }) {
  return fault ? html`<p class="fault" id="${id}-fault" role="alert">${sentence(fault)}</p>` : null;
}

/** One line of text. */
export function Text({ id, label, hint, fault, optional, value, set, ...attributes }) {
  return html`<${Field} ...${{ id, label, hint, fault, optional }}>
    <input type="text" ...${tied(id, { hint, fault })} ...${attributes} value=${value}
      onInput=${(event) => set(event.currentTarget.value)} />
  <//>`;
}

/** One of a few words: `options` are [value, label]. */
export function Choice({ id, label, value, set, options }) {
  return html`<label class="choice" for=${id}><span>${label}</span>
    <select id=${id} value=${value} onChange=${(event) => set(event.currentTarget.value)}>
      ${options.map(([word, text]) => html`<option key=${word} value=${word} selected=${word === value}>${text}</option>`)}
    </select>
  </label>`;
}

/** Buttons of which one is pressed: `options` are [value, label]. */
export function Segments({ name, label, value, set, options }) {
  return html`<div class="segments" role="radiogroup" aria-label=${label}>
    ${options.map(
      ([word, text]) => html`<label key=${word}>
        <input type="radio" name=${name} value=${word} checked=${word === value} onChange=${() => set(word)} />
        <span>${text}</span>
      </label>`,
    )}
  </div>`;
}

/** After a refusal, the first field that it names. */
export function focusFault(form) {
  requestAnimationFrame(() => {
    const first = form?.querySelector('[aria-invalid="true"], [data-fault="true"] input, .failure');
    first?.scrollIntoView({ block: "center" });
    first?.focus?.();
  });
}
