//! Refusals: RFC 9457 problem details.
use crate::response::Response;
use bytes::Bytes;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use serde::Serialize;
use std::borrow::Cow;

/// What is wrong, for programs (`code`) and for people (`detail`).
#[derive(Debug, Serialize)]
pub struct Problem {
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize)]
struct Fault {
    /// A JSON pointer into the body, or into the query or form read as an object.
    pointer: String,
    detail: String,
}

impl Problem {
    /// Any refusal; the others are this one with a status and a code of their own.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Problem {
        Problem {
            title: status
                .canonical_reason()
                .expect("every status used here has a name"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            request_id: None,
            errors: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// 400: the request has not the form that it must have.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    /// 400: one field has not the form that it must have.
    pub fn bad_field(pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        Problem::bad_request(detail.clone()).at(pointer, detail)
    }

    /// 401 without a credential: the caller is told how to give one, and nothing of an error.
    pub fn unauthenticated() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "a bearer token is needed: Authorization: Bearer …, or X-API-Key: …",
        )
        .with(WWW_AUTHENTICATE, "Bearer realm=\"pgtoken\"")
    }

    /// 401 with a credential that is none: which rule it breaks is not told.
    pub fn invalid_token() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "the credential is unknown, expired or revoked",
        )
        .with(
            WWW_AUTHENTICATE,
            "Bearer realm=\"pgtoken\", error=\"invalid_token\"",
        )
    }

    /// 403: a good credential that is not enough.
    pub fn insufficient_scope(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", detail).with(
            WWW_AUTHENTICATE,
            "Bearer realm=\"pgtoken\", error=\"insufficient_scope\"",
        )
    }

    /// 403: a token of ours, where tokens are managed.
    pub fn token_cannot_manage() -> Problem {
        Problem::new(
            StatusCode::FORBIDDEN,
            "token_cannot_manage",
            "an API token manages no tokens, whatever its scope",
        )
        .with(
            WWW_AUTHENTICATE,
            "Bearer realm=\"pgtoken\", error=\"insufficient_scope\"",
        )
    }

    /// 404: no such route.
    pub fn not_found() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing at this path",
        )
    }

    /// 405: the route has other methods.
    pub fn method_not_allowed(allowed: &'static str) -> Problem {
        let detail = "this path does not have this method; the Allow header lists those it has";
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
            .with(ALLOW, allowed)
    }

    /// 429: later.
    pub fn too_many_requests(code: &'static str, detail: &'static str, seconds: u64) -> Problem {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, code, detail);
        Problem {
            headers: vec![(RETRY_AFTER, HeaderValue::from(seconds))],
            ..problem
        }
    }

    /// 500: ours to repair; what it is stands in the log under the request's id.
    pub fn internal() -> Problem {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong; the log has it under this request_id",
        )
    }

    /// 503: the database cannot be asked; why is in the log.
    pub fn unavailable() -> Problem {
        Problem::try_later("unavailable", "the database cannot be asked right now")
    }

    /// 503 with a code and a reason of its own.
    pub fn try_later(code: &'static str, detail: &'static str) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).with(RETRY_AFTER, "1")
    }

    /// Names the field that is to blame.
    pub fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
        self.errors.push(Fault {
            pointer: pointer.into(),
            detail: detail.into(),
        });
        self
    }

    /// Adds a header.
    pub fn with(mut self, name: HeaderName, value: &'static str) -> Problem {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).expect("it was made from one")
    }

    /// The word for programs.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The response that says so; the same id is in the log.
    pub fn into_response(mut self, request_id: &HeaderValue) -> Response {
        self.request_id = request_id.to_str().ok().map(str::to_owned);
        let body = serde_json::to_vec(&self).expect("strings and numbers are JSON");
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}
