// Begins: who is signed in, and which view is shown.
import { html, render, useEffect, useState } from "./vendor/preact-htm.js";
import { get } from "./api.js";
import { AwayBanner, Failure, Skeleton } from "./parts/feedback.js";
import { Shell } from "./parts/shell.js";
import { place, refine, to } from "./route.js";
import { enter, session, signInAgain, useShared } from "./state.js";
import { SignIn, SignInAgain, redeem } from "./views/sign-in.js";
import { Tokens } from "./views/tokens.js";

// What is not looked at first is fetched when it is.
const later = {
  issue: () => import("./views/issue.js").then((module) => module.Issue),
  token: () => import("./views/token.js").then((module) => module.Token),
  overview: () => import("./views/overview.js").then((module) => module.Overview),
};

function Page() {
  const who = useShared(session);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    start().catch(setProblem);
  }, []);
  const retry = () => {
    setProblem(null);
    start().catch(setProblem);
  };
  if (who === undefined) {
    const failure = problem && html`<${Failure} problem=${problem} retry=${retry} />`;
    return html`<${AwayBanner} /><main class="start">${failure ?? html`<${Skeleton} />`}</main>`;
  }
  if (who === null) return html`<${AwayBanner} /><${SignIn} problem=${problem} />`;
  return html`<${Shell}><${View} key=${`${who.kind} ${who.user_id}`} /><//><${Again} />`;

  async function start() {
    const link = new URLSearchParams(location.hash.slice(1)).get("link");
    if (link) {
      // A secret leaves the address at once.
      refine(to("tokens"));
      await redeem({ link }).catch((refusal) => {
        setProblem(refusal);
        session.set(null);
      });
      return;
    }
    try {
      enter(await get("session"));
    } catch (refusal) {
      if (refusal.status !== 401) throw refusal;
      session.set(null);
    }
  }
}

function View() {
  const { path, query } = useShared(place);
  const [name = "tokens", id] = path;
  if (name === "tokens" && !id) return html`<${Tokens} query=${query} />`;
  const view = name === "tokens" ? "token" : name;
  if (!later[view]) return html`<h1>There is nothing here</h1><p><a href=${to("tokens")}>All tokens</a></p>`;
  return html`<${Later} key=${`${view} ${id}`} load=${later[view]} id=${id} query=${query} />`;
}

function Later({ load, ...rest }) {
  const [found, set] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    load().then((view) => set({ view }), setProblem);
  }, []);
  if (problem) return html`<${Failure} problem=${problem} retry=${() => location.reload()} />`;
  return found ? html`<${found.view} ...${rest} />` : html`<${Skeleton} />`;
}

function Again() {
  const waiting = useShared(signInAgain);
  return waiting && html`<${SignInAgain} waiting=${waiting} />`;
}

render(html`<${Page} />`, document.getElementById("page"));
