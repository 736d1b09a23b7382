// Type-ahead: a text field with a list of what fits (the combobox pattern of ARIA 1.2).
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";

const PAUSE = 60;

/**
 * `load(text, signal)` gives what fits, `label` and `detail` say it; `pick` gets the choice, or null
 * when the field is emptied. `described` are further attributes of the input.
 */
export function Combo({ id, value, pick, load, label, detail, placeholder, described }) {
  const [text, setText] = useState(null);
  const [found, setFound] = useState({ text: null, items: [] });
  const { items } = found;
  // Enter before the answer is there takes the first of what fits, as soon as it is known.
  const isHasty = useRef(false);
  const [at, setAt] = useState(0);
  const open = text !== null;
  const list = useRef(null);
  useEffect(() => {
    if (text === null) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(async () => {
      const items = await load(text.trim(), controller.signal).catch(() => []);
      if (controller.signal.aborted) return;
      setFound({ text, items });
      setAt(0);
      if (isHasty.current && items[0]) choose(items[0]);
      isHasty.current = false;
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at, open]);

  function choose(item) {
    setText(null);
    setFound({ text: null, items: [] });
    pick(item);
  }
  function leave() {
    if (text === "" && value) pick(null);
    setText(null);
  }
  function press(event) {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      event.preventDefault();
      if (!open) setText("");
      else setAt((at + move + items.length) % Math.max(items.length, 1));
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      if (found.text !== text) isHasty.current = true;
      else if (items[at]) choose(items[at]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      setText(null);
    }
  }
  const option = (item, index) => html`<li key=${index} id="${id}-${index}" role="option"
      aria-selected=${index === at ? "true" : "false"} onMouseDown=${(event) => event.preventDefault()}
      onClick=${() => choose(item)}>
      <span>${label(item)}</span><span class="faint">${detail?.(item)}</span>
    </li>`;
  return html`<div class="combo">
    <input type="text" role="combobox" autocomplete="off" spellcheck="false" ...${described} id=${id}
      placeholder=${placeholder} value=${open ? text : value ? label(value) : ""}
      aria-expanded=${open ? "true" : "false"} aria-controls="${id}-list" aria-autocomplete="list"
      aria-activedescendant=${open && items[at] ? `${id}-${at}` : null}
      onFocus=${(event) => event.currentTarget.select()} onClick=${() => open || setText("")}
      onInput=${(event) => setText(event.currentTarget.value)} onKeyDown=${press} onBlur=${leave} />
    ${open &&
    html`<ul class="options" id="${id}-list" role="listbox" aria-label="What fits" ref=${list}>
      ${items.length > 0 ? items.map(option) : html`<li class="faint" role="option" aria-disabled="true" aria-selected="false">Nothing fits</li>`}
    </ul>`}
  </div>`;
}
