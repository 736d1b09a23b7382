//! Pages of other origins: refused by browsers unless the configuration names them.
//!
//! Nothing is allowed with cookies: a page of another origin brings a credential of its own.
use crate::config::CorsOrigins;
use crate::request::Request;
use crate::response::{self, Response};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, StatusCode};

/// The origin of the page that calls, if it may.
pub fn allowed_origin(origins: &CorsOrigins, request: &Request) -> Option<HeaderValue> {
    let origin = request.headers().get(ORIGIN)?;
    origins.allow(origin.to_str().ok()?).then(|| origin.clone())
}

/// Whether a browser asks what it may ask. Gateways forward whatever a client sent, so forward-auth has none.
pub fn is_preflight(origins: &CorsOrigins, request: &Request) -> bool {
    !origins.is_empty()
        && request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && !request.path().starts_with("/v1/forward-auth")
}

/// The answer to a preflight; [`allow`] adds the origin if it may call.
pub fn preflight() -> Response {
    let mut response = response::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    let names = HeaderValue::from_static(
        "Authorization, X-API-Key, Content-Type, Idempotency-Key, Pgtoken-Actor, X-Request-Id",
    );
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Lets the page read the answer.
pub fn allow(origin: Option<HeaderValue>, response: &mut Response) {
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else {
        return;
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let names = "Location, Retry-After, WWW-Authenticate, X-Request-Id";
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(names),
    );
}
