// Values that several parts of the page look at, and data that is loaded and stays fresh.
import { useEffect, useRef, useState } from "./vendor/preact-htm.js";

/** A value with listeners. */
export function shared(value) {
  const listeners = new Set();
  return {
    get value() {
      return value;
    },
    set(next) {
      value = next;
      for (const listener of [...listeners]) listener(next);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The present value of what is shared; the component follows it. */
export function useShared(source) {
  const [value, set] = useState(source.value);
  useEffect(() => {
    set(source.value);
    return source.listen(set);
  }, [source]);
  return value;
}

/** Who is signed in: undefined before it is known, null for nobody. */
export const session = shared(undefined);

/** The workspace where a user is active; null shows everything of theirs. */
export const activeWorkspace = shared(null);

/** Signs in on this page: who it is, and where they are active. */
export function enter(who) {
  activeWorkspace.set(who.workspace_id);
  session.set(who);
}

/** Whether the server is out of reach. */
export const away = shared(false);

/** What waits for somebody to sign in again: null, or functions that go on or give up. */
export const signInAgain = shared(null);

/** A sentence for everybody, screen readers too; it goes away by itself. */
export const notice = shared(null);

/** How often what is on the screen is asked for again. */
const EVERY = 5000;

/**
 * Loads data, and again when `inputs` change, every few seconds while the page is looked at, when it
 * gets the focus, and when the server is back. Old data stays until the new is there.
 */
export function useLoaded(load, inputs) {
  const [state, set] = useState({ data: undefined, error: null, busy: true });
  const reload = useRef(() => {});
  useEffect(() => {
    let current = null;
    async function run() {
      current?.abort();
      const mine = new AbortController();
      current = mine;
      try {
        const data = await load(mine.signal);
        if (!mine.signal.aborted) set({ data, error: null, busy: false });
      } catch (error) {
        if (!mine.signal.aborted) set((old) => ({ ...old, error, busy: false }));
      }
      if (current === mine) current = null;
    }
    const refresh = () => {
      if (!current && !document.hidden && !away.value && !signInAgain.value) run();
    };
    reload.current = run;
    set((old) => ({ ...old, busy: true }));
    run();
    const timer = setInterval(refresh, EVERY);
    const back = away.listen((isAway) => isAway || run());
    addEventListener("focus", refresh);
    return () => {
      current?.abort();
      clearInterval(timer);
      back();
      removeEventListener("focus", refresh);
    };
  }, inputs);
  return { ...state, reload: () => reload.current() };
}
