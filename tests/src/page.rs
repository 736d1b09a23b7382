//! The admin page of a real facade, in a real browser.
use crate::browser::Browser;
use crate::facade::Facade;
use crate::jwt::Signer;
use crate::stand::{ADMIN_SECRET, Stand};
use serde_json::json;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What the JWTs of users are signed with.
pub const JWT_SECRET: &str = "j-66f4b0a7c9e1f0c8b7e5d294368f3d15";

/// The browser of this program; its tests take turns.
static BROWSER: OnceLock<Mutex<Browser>> = OnceLock::new();

/// A browser, and a facade in front of the directory of [`crate::Acme`].
pub struct Page {
    /// The facade and its database.
    pub stand: Stand,
    /// The browser, which nobody else has meanwhile.
    pub browser: MutexGuard<'static, Browser>,
}

impl Page {
    /// Nobody is signed in, and nothing is opened.
    pub fn new() -> Page {
        Page::with(&[])
    }

    /// With these further variables for the facade.
    pub fn with(environment: &[(&str, &str)]) -> Page {
        let mut all = vec![("PGTOKEN_JWT_SECRET", JWT_SECRET)];
        all.extend(environment);
        let stand = Stand::with(&all);
        let browser = BROWSER.get_or_init(|| Mutex::new(Browser::start()));
        let browser = browser.lock().unwrap_or_else(PoisonError::into_inner);
        browser.reset();
        Page { stand, browser }
    }

    /// The address of a place of the page.
    pub fn address(&self, place: &str) -> String {
        self.stand.facade.url(&format!("/admin/{place}"))
    }

    /// Opens a place of the page.
    #[track_caller]
    pub fn open(&self, place: &str) {
        self.browser.open(&self.address(place));
    }

    /// Signs in with what is typed into the form.
    #[track_caller]
    pub fn type_credential(&self, credential: &str) {
        self.browser.fill("#credential", credential);
        self.browser.press("Sign in");
    }

    /// Opens a place as an administrator, and signs in.
    #[track_caller]
    pub fn open_as_admin(&self, place: &str) {
        self.enter(json!({ "secret": ADMIN_SECRET, "actor": "zoe" }), place);
    }

    /// Opens a place as a user, with a workspace or without, and signs in.
    #[track_caller]
    pub fn open_as(&self, user: &str, workspace: &str, place: &str) {
        let mut claims = json!({ "sub": user, "exp": crate::jwt::now() + 3600 });
        if !workspace.is_empty() {
            claims["workspace_id"] = json!(workspace);
        }
        let jwt = Signer::hs256(JWT_SECRET).sign(&claims);
        self.enter(json!({ "jwt": jwt }), place);
    }

    /// Sets the cookie as the form would; the form has tests of its own.
    #[track_caller]
    fn enter(&self, proof: serde_json::Value, place: &str) {
        self.browser.open(&self.address("icon.svg"));
        let status = self.browser.script_later(&format!(
            "const done = arguments[arguments.length - 1];
             fetch('../v1/session', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }}, body: JSON.stringify({proof}) }})
                 .then((answer) => done(answer.status))"
        ));
        assert_eq!(
            status,
            201,
            "the session starts\n{}",
            self.stand.facade.log()
        );
        self.open(place);
    }

    /// The one-time link that the command prints.
    pub fn link(&self) -> String {
        let output = Facade::program()
            .env(
                "PGTOKEN_DATABASE_URL",
                "postgres://nobody@127.0.0.1:1/nowhere",
            )
            .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET)
            .env("PGTOKEN_PUBLIC_URL", self.stand.facade.url(""))
            .args(["sign-in-link", "--actor", "zoe"])
            .output()
            .expect("the facade is built");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout)
            .expect("a URL")
            .trim_end()
            .to_owned()
    }
}

impl Default for Page {
    fn default() -> Page {
        Page::new()
    }
}
