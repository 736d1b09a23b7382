//! A facade with a database behind it and secrets to call it with.
use crate::acme::{Acme, Issued};
use crate::facade::Facade;
use crate::http::{Http, HttpAnswer};

/// What makes a bearer an administrator of the facade of a [`Stand`].
pub const ADMIN_SECRET: &str = "a-1f0c8b7e5d2943668f4b0a7c9e3d1526";

/// What makes a bearer a verifier there.
pub const VERIFIER_SECRET: &str = "v-8e5d2943661f0c8b7f4b0a7c9e3d1526";

/// A facade in front of the directory of [`Acme`].
pub struct Stand {
    /// The database.
    pub acme: Acme,
    /// The facade.
    pub facade: Facade,
}

impl Stand {
    /// With nothing configured but the database and the secrets.
    #[track_caller]
    pub fn new() -> Stand {
        Stand::with(&[])
    }

    /// With these further variables.
    #[track_caller]
    pub fn with(environment: &[(&str, &str)]) -> Stand {
        let acme = Acme::new();
        let facade = Stand::facade_of(&acme, environment);
        Stand { acme, facade }
    }

    /// One more facade in front of the same directory.
    #[track_caller]
    pub fn facade_of(acme: &Acme, environment: &[(&str, &str)]) -> Facade {
        let role = acme
            .db
            .cluster()
            .login(&["pgtoken_admin", "pgtoken_verifier"]);
        Facade::start_as(
            Facade::program()
                .env("PGTOKEN_DATABASE_URL", acme.db.url(&role))
                .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET)
                .env("PGTOKEN_VERIFIER_SECRET", VERIFIER_SECRET)
                .envs(environment.iter().copied()),
        )
    }

    /// A connection to the facade.
    #[track_caller]
    pub fn connect(&self) -> Http {
        Http::connect(&self.facade.url("")).expect("the facade listens")
    }

    /// One request over a connection of its own.
    #[track_caller]
    pub fn ask(&self, method: &str, target: &str, headers: &[&str], body: &str) -> HttpAnswer {
        let answer = self.connect().ask(method, target, headers, body);
        answer.unwrap_or_else(|error| panic!("{method} {target}: {error}\n{}", self.facade.log()))
    }

    /// `POST /v1/verify` as the verifier.
    #[track_caller]
    pub fn verify(&self, question: &serde_json::Value) -> HttpAnswer {
        self.post("/v1/verify", question)
    }

    /// JSON to a path, as the verifier.
    #[track_caller]
    pub fn post(&self, path: &str, body: &serde_json::Value) -> HttpAnswer {
        let verifier = format!("Authorization: Bearer {VERIFIER_SECRET}");
        let headers = [verifier.as_str(), "Content-Type: application/json"];
        self.ask("POST", path, &headers, &body.to_string())
    }

    /// A form to a path, as the verifier.
    #[track_caller]
    pub fn form(&self, path: &str, body: &str) -> HttpAnswer {
        let verifier = format!("Authorization: Bearer {VERIFIER_SECRET}");
        let form = "Content-Type: application/x-www-form-urlencoded";
        self.ask("POST", path, &[&verifier, form], body)
    }

    /// `GET` with a token, and with further header lines.
    #[track_caller]
    pub fn get_with(&self, target: &str, token: &Issued, headers: &[&str]) -> HttpAnswer {
        let bearer = format!("Authorization: Bearer {}", token.text);
        let mut all = vec![bearer.as_str()];
        all.extend(headers);
        self.ask("GET", target, &all, "")
    }
}

impl Default for Stand {
    fn default() -> Stand {
        Stand::new()
    }
}
