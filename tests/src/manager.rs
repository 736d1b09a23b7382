//! Managing tokens over HTTP, as whoever holds a credential.
use crate::http::HttpAnswer;
use crate::stand::{ADMIN_SECRET, Stand};
use serde_json::Value;

impl Stand {
    /// A request of an administrator; null is no body.
    #[track_caller]
    pub fn admin(&self, method: &str, target: &str, body: Value) -> HttpAnswer {
        self.bearer(ADMIN_SECRET, method, target, body)
    }

    /// A request with a bearer; null is no body.
    #[track_caller]
    pub fn bearer(&self, bearer: &str, method: &str, target: &str, body: Value) -> HttpAnswer {
        let bearer = format!("Authorization: Bearer {bearer}");
        self.json(method, target, &[&bearer], body)
    }

    /// A request with header lines and a JSON body; null is no body.
    #[track_caller]
    pub fn json(&self, method: &str, target: &str, headers: &[&str], body: Value) -> HttpAnswer {
        if body.is_null() {
            return self.ask(method, target, headers, "");
        }
        let mut all = vec!["Content-Type: application/json"];
        all.extend(headers);
        self.ask(method, target, &all, &body.to_string())
    }
}

impl HttpAnswer {
    /// Status and `code`, as claims compare them: `403 token_cannot_manage`.
    #[track_caller]
    pub fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        assert_eq!(
            problem["request_id"],
            self.header("x-request-id"),
            "{self:?}"
        );
        for field in ["title", "detail"] {
            assert!(problem[field].is_string(), "{self:?}");
        }
        let retry = self.header("retry-after");
        assert_eq!(
            matches!(self.status, 429 | 503),
            !retry.is_empty(),
            "{self:?}"
        );
        format!(
            "{} {}",
            self.status,
            problem["code"].as_str().expect("a text")
        )
    }

    /// The pointer of the only field that is to blame.
    #[track_caller]
    pub fn pointer(&self) -> String {
        let problem = self.json();
        let errors = problem["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("{self:?}"));
        assert_eq!(errors.len(), 1, "{self:?}");
        assert!(errors[0]["detail"].is_string(), "{self:?}");
        errors[0]["pointer"].as_str().expect("a text").to_owned()
    }
}
