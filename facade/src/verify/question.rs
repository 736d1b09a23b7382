//! A question as callers write it in JSON, and its verdict as they read it.
use crate::problem::Problem;
use crate::verifier::{Presented, Question, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::net::IpAddr;
use uuid::Uuid;

/// The arguments of `verify_token`, or of `verify_digest`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    token: Option<String>,
    digest: Option<String>,
    scope: Option<Box<str>>,
    permissions: Option<Vec<String>>,
    workspace_id: Option<Box<str>>,
    target: Option<Box<str>>,
    zone: Option<Box<str>>,
    client_addr: Option<IpAddr>,
    consume: Option<bool>,
}

impl Body {
    /// `place` is the JSON pointer of the question in the body.
    pub fn into_question(self, place: &str) -> Result<Question, Problem> {
        let presented = match (&self.token, &self.digest) {
            (Some(token), None) => Presented::text(token.as_bytes()),
            (None, Some(digest)) => digest_of_hex(digest, place)?,
            (Some(_), Some(_)) => {
                return Err(Problem::bad_field(
                    format!("{place}/digest"),
                    "is given with token, and one of them must be given alone",
                ));
            }
            (None, None) => {
                let detail = "is missing, and so is digest; one of them must be given";
                return Err(Problem::bad_field(format!("{place}/token"), detail));
            }
        };
        Ok(Question {
            presented,
            scope: self.scope,
            permissions: words(self.permissions.unwrap_or_default(), place)?,
            workspace_id: self.workspace_id,
            target: self.target,
            zone: self.zone,
            client_addr: self.client_addr,
            consume: self.consume.unwrap_or(true),
        })
    }
}

fn digest_of_hex(hex: &str, place: &str) -> Result<Presented, Problem> {
    let refuse =
        || Problem::bad_field(format!("{place}/digest"), "must have 64 hexadecimal digits");
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refuse());
    }
    let mut digest = [0; 32];
    for (byte, digits) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| refuse())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| refuse())?;
    }
    Ok(Presented::Digest(digest))
}

/// In one text, as in OAuth. A name with a space in it would ask for two others.
fn words(permissions: Vec<String>, place: &str) -> Result<Option<Box<str>>, Problem> {
    for (i, permission) in permissions.iter().enumerate() {
        if permission.is_empty() || permission.contains(char::is_whitespace) {
            let pointer = format!("{place}/permissions/{i}");
            return Err(Problem::bad_field(
                pointer,
                "must be the name of a permission: not empty, and without white space",
            ));
        }
    }
    Ok((!permissions.is_empty()).then(|| permissions.join(" ").into()))
}

/// The row type `verdict`.
#[derive(Serialize)]
pub struct VerdictBody<'a> {
    valid: bool,
    code: &'a str,
    status: i16,
    token_id: Option<Uuid>,
    user_id: Option<&'a str>,
    workspace_id: Option<&'a str>,
    scope: Option<&'a str>,
    permissions: Option<Vec<&'a str>>,
    target: Option<&'a str>,
    zone: Option<&'a str>,
    auto_publish: Option<bool>,
    expires_at: Option<&'a str>,
    metadata: Option<&'a RawValue>,
    retry_after: Option<i32>,
}

impl<'a> VerdictBody<'a> {
    /// All columns.
    pub fn of(verdict: &'a Verdict) -> VerdictBody<'a> {
        VerdictBody {
            valid: verdict.is_valid(),
            code: verdict.code(),
            status: verdict.status(),
            token_id: verdict.token_id(),
            user_id: verdict.user_id(),
            workspace_id: verdict.workspace_id(),
            scope: verdict.scope(),
            permissions: verdict.permissions(),
            target: verdict.target(),
            zone: verdict.zone(),
            auto_publish: verdict.auto_publish(),
            expires_at: verdict.expires_at(),
            metadata: verdict.metadata(),
            retry_after: verdict.retry_after(),
        }
    }
}
