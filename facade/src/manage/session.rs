//! `POST`, `GET` and `DELETE /v1/session`: the admin page signs in, looks who it is, signs out.
use crate::app::App;
use crate::caller::{COOKIE, Proof, Session};
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use hyper::StatusCode;
use hyper::header::{HeaderValue, SET_COOKIE};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// One way to prove who one is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    link: Option<String>,
    secret: Option<String>,
    jwt: Option<String>,
    /// Who uses the secret, for the audit log.
    actor: Option<String>,
}

/// Who is signed in.
#[derive(Serialize)]
struct Answer<'session> {
    kind: &'static str,
    user_id: Option<&'session str>,
    actor: Option<&'session str>,
    workspace_id: Option<&'session str>,
    expires_at: String,
}

/// Signs in: 201 with the cookie.
pub async fn start(app: &App, mut request: Request) -> Result<Response, Problem> {
    app.management()?;
    let body: Body = request.json().await?;
    let proof = match (body.link, body.secret, body.jwt) {
        (Some(link), None, None) => Proof::Link(link),
        (None, Some(credential), None) | (None, None, Some(credential)) => Proof::Credential {
            credential,
            actor: body.actor,
        },
        _ => {
            return Err(Problem::bad_request(
                "the body must have one of link, secret and jwt",
            ));
        }
    };
    let (session, cookie) = app.callers.sign_in(proof, &request).await?;
    let mut response = answer_of(&session);
    *response.status_mut() = StatusCode::CREATED;
    set_cookie(app, &request, &mut response, &cookie, session.lasts);
    Ok(response)
}

/// Who is signed in.
pub async fn show(app: &App, request: Request) -> Result<Response, Problem> {
    app.management()?;
    Ok(answer_of(&app.callers.session(&request).await?))
}

/// Signs out, on every facade.
pub async fn end(app: &App, request: Request) -> Result<Response, Problem> {
    app.management()?;
    app.callers.sign_out(&request).await?;
    let mut response = response::empty(StatusCode::NO_CONTENT);
    set_cookie(app, &request, &mut response, "", 0);
    Ok(response)
}

fn answer_of(session: &Session) -> Response {
    let manager = &session.manager;
    let expires = i64::try_from(session.expires).ok();
    let expires = expires.and_then(|expires| OffsetDateTime::from_unix_timestamp(expires).ok());
    let expires = expires.and_then(|expires| expires.format(&Rfc3339).ok());
    response::json_of(&Answer {
        kind: match manager.as_user {
            None => "administrator",
            Some(_) => "user",
        },
        user_id: manager.as_user.as_deref(),
        actor: manager.actor.as_deref(),
        workspace_id: manager.workspace_id.as_deref(),
        expires_at: expires.expect("sessions last a day at most"),
    })
}

/// Secure where the browser speaks TLS: a browser drops such a cookie elsewhere.
fn set_cookie(app: &App, request: &Request, response: &mut Response, value: &str, lasts: u64) {
    let secure = if request.is_https { "; Secure" } else { "" };
    let path = &app.config.base_path;
    let cookie = format!(
        "{COOKIE}={value}; Path={path}/; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}"
    );
    let cookie = HeaderValue::from_str(&cookie).expect("a signed text is plain");
    response.headers_mut().insert(SET_COOKIE, cookie);
}
