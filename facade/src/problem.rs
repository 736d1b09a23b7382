//! Refusals: RFC 9457 problem details.
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde::Serialize;
use uuid::Uuid;

/// What is wrong, for programs (`code`) and for people (`detail`).
#[derive(Serialize)]
pub struct Problem {
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip)]
    header: Option<(hyper::header::HeaderName, &'static str)>,
}

impl Problem {
    /// No such route.
    pub fn not_found() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing at this path",
        )
    }

    /// The route has other methods.
    pub fn method_not_allowed(allowed: &'static str) -> Problem {
        let detail = "this path does not have this method; the Allow header lists those it has";
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
        Problem {
            header: Some((ALLOW, allowed)),
            ..problem
        }
    }

    /// The database cannot be asked; why is in the log.
    pub fn unavailable() -> Problem {
        let detail = "the database cannot be asked right now";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
        Problem {
            header: Some((RETRY_AFTER, "1")),
            ..problem
        }
    }

    fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Problem {
        let title = status
            .canonical_reason()
            .expect("every status used here has a name");
        Problem {
            title,
            status: status.as_u16(),
            code,
            detail,
            request_id: None,
            header: None,
        }
    }

    /// The response that says so; the same id is in the log.
    pub fn into_response(mut self, request_id: Uuid) -> Response<Full<Bytes>> {
        self.request_id = Some(request_id.to_string());
        let body = serde_json::to_vec(&self).expect("strings and numbers are JSON");
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).expect("it was made from one");
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some((name, value)) = self.header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
