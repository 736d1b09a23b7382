// Where the page is: the part of the address after #. And whether it may be left.
import { useEffect } from "./vendor/preact-htm.js";
import { shared } from "./state.js";

/** The place: its words, and its query. */
export const place = shared(read());

/** What has to be confirmed before the place is left: null, or a function that asks and answers. */
let guard = null;
let hash = location.hash;

function read() {
  const [path, query] = location.hash.slice(1).split("?");
  return { path: path.split("/").filter(Boolean), query: new URLSearchParams(query) };
}

/** The address of a place. */
export function to(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value);
  const text = new URLSearchParams(given).toString();
  return `#/${path}${text && `?${text}`}`;
}

/** Goes to a place. */
export function go(address) {
  location.hash = address;
}

/** The same place with another query: nothing to go back to. */
export function refine(address) {
  history.replaceState(null, "", address);
  hash = location.hash;
  place.set(read());
}

addEventListener("hashchange", async () => {
  if (location.hash === hash) return;
  const wanted = location.hash;
  if (guard) {
    history.pushState(null, "", hash || "#/");
    if (!(await guard())) return;
    guard = null;
    history.replaceState(null, "", wanted);
  }
  hash = wanted;
  place.set(read());
  scrollTo(0, 0);
});

addEventListener("beforeunload", (event) => {
  if (guard) event.preventDefault();
});

/** While `holds`, leaving asks first: links, the back button, closing the tab. */
export function useGuard(holds, confirm) {
  useEffect(() => {
    if (!holds) return undefined;
    guard = confirm;
    return () => {
      if (guard === confirm) guard = null;
    };
  }, [holds, confirm]);
}
