//! `GET /.well-known/oauth-authorization-server`: RFC 8414.
//!
//! The issuer is `PGTOKEN_PUBLIC_URL` where it is set and management has no port of its own, which
//! that URL would be about. Otherwise it is the host that the client named: that is told to this
//! client alone, since nobody may keep the answer. `X-Forwarded-Host` is never believed.
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use hyper::header::HOST;
use hyper::http::uri::Authority;
use serde::Serialize;

/// OAuth clients find introspection and revocation here; pgtoken issues no token by an OAuth grant.
#[derive(Serialize)]
struct Metadata {
    issuer: String,
    response_types_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 0],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    service_documentation: String,
}

/// Answers it.
pub fn answer(app: &App, request: &Request) -> Result<Response, Problem> {
    let issuer = match &app.config.issuer {
        Some(issuer) => issuer.clone(),
        None => as_called(app, request)?,
    };
    Ok(response::json_of(&Metadata {
        response_types_supported: ["none"],
        grant_types_supported: [],
        introspection_endpoint: format!("{issuer}/v1/introspect"),
        introspection_endpoint_auth_methods_supported: ["Bearer"],
        revocation_endpoint: format!("{issuer}/v1/revocation"),
        revocation_endpoint_auth_methods_supported: ["none"],
        service_documentation: format!("{issuer}/docs"),
        issuer,
    }))
}

/// The facade's URL in the words of its client.
fn as_called(app: &App, request: &Request) -> Result<String, Problem> {
    // HTTP/2 has the host in the URI.
    let host = request
        .authority()
        .or_else(|| request.headers().get(HOST)?.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let host = host.filter(|host| !host.as_str().contains('@'));
    let host = host.ok_or_else(|| Problem::bad_request("the header Host names no host"))?;
    let scheme = if request.is_https { "https" } else { "http" };
    Ok(format!("{scheme}://{host}{}", app.config.base_path))
}
