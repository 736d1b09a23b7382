//! Whether a request with a cookie comes from our own page.
//!
//! Browsers say so in `Sec-Fetch-Site`; older ones only in `Origin`.
use crate::problem::Problem;
use crate::request::Request;
use hyper::StatusCode;
use hyper::header::{HOST, ORIGIN};

/// Refuses what does not say that it comes from our own page.
pub fn require_same(request: &Request) -> Result<(), Problem> {
    match is_same(request) {
        Some(true) => Ok(()),
        _ => Err(cross_origin()),
    }
}

/// Refuses what says that it comes from elsewhere. What says nothing is no browser's.
pub fn refuse_other(request: &Request) -> Result<(), Problem> {
    match is_same(request) {
        Some(false) => Err(cross_origin()),
        _ => Ok(()),
    }
}

fn is_same(request: &Request) -> Option<bool> {
    if let Some(site) = request.headers().get("sec-fetch-site") {
        return Some(site == "same-origin");
    }
    let origin = request.headers().get(ORIGIN)?;
    let scheme = if request.is_https { "https" } else { "http" };
    // HTTP/2 has the host in the URI.
    let host = request
        .authority()
        .or_else(|| request.headers().get(HOST)?.to_str().ok())?;
    Some(*origin == *format!("{scheme}://{host}"))
}

fn cross_origin() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross_origin",
        "a session is good on the admin page only: this request does not come from it",
    )
}
