// Asks the facade that served the page. Addresses are relative, so a base path needs no setting.
import { away, session, signInAgain } from "./state.js";

const ROOT = new URL("../", document.baseURI);

/** The public address of a path, for commands that people paste. */
export const address = (path) => new URL(path, ROOT).href;

/** A refusal of the server (RFC 9457), or no answer at all. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail);
    this.status = status;
    this.code = body.code;
    this.requestId = body.request_id;
    this.errors = body.errors ?? [];
  }

  /** What is wrong with a field of the body; an element's fault is that of its list. */
  at(...names) {
    const fault = this.errors.find(({ pointer }) => names.includes(pointer.split("/")[1]));
    return fault?.detail;
  }
}

const AWAY = { code: "away", detail: "The server cannot be reached right now. Nothing you typed is lost." };

/**
 * One request. A session that has ended asks for a new sign-in and then goes on where it was.
 * `query` leaves out what is empty; `key` makes a repetition harmless.
 */
export async function ask(method, path, { query, body, key, signal } = {}) {
  const url = new URL(`v1/${path}`, ROOT);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const request = { method, headers, signal, cache: "no-store", body: body && JSON.stringify(body) };
  for (;;) {
    const answer = await send(url, request);
    if (answer.ok) return answer.status === 204 ? null : answer.json();
    const problem = await problemOf(answer);
    if (problem.status === 401 && session.value && path !== "session") {
      await askToSignIn();
      continue;
    }
    if (problem.status === 503) lost();
    throw problem;
  }
}

export const get = (path, query, signal) => ask("GET", path, { query, signal });

/** A text that no other form has. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send(url, request) {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lost();
    throw new Problem(0, AWAY);
  }
}

async function problemOf(answer) {
  try {
    return new Problem(answer.status, await answer.json());
  } catch {
    // A proxy in between answers in its own words.
    return new Problem(answer.status, { code: "unknown", detail: `The server answered ${answer.status}.` });
  }
}

/** Everybody who is refused waits for the same dialog. */
let waiting = null;
function askToSignIn() {
  waiting ??= new Promise((goOn, giveUp) => signInAgain.set({ goOn, giveUp })).finally(() => {
    waiting = null;
    signInAgain.set(null);
  });
  return waiting;
}

/** Shows that the server is gone, and looks for it until it is back. */
function lost() {
  if (away.value) return;
  away.set(true);
  const look = async () => {
    const answer = await fetch(new URL("v1/session", ROOT), { cache: "no-store" }).catch(() => null);
    // Any answer but this one comes from a server with a database.
    if (answer && answer.status < 500) away.set(false);
    else setTimeout(look, 1500);
  };
  setTimeout(look, 1500);
}
