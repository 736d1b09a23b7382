//! How users are known: whose JWTs are believed, and what their claims mean.
use super::{ConfigError, Secret};
use std::path::PathBuf;
use std::time::Duration;

/// Where the keys are.
#[derive(Clone)]
pub enum JwtKeys {
    /// One secret that signer and facade share: HS256.
    Secret(Secret),
    /// A JWKS file.
    File(PathBuf),
    /// A JWKS behind a URL.
    Url(hyper::Uri),
}

/// What makes a JWT good, and what its claims mean.
#[derive(Clone)]
pub struct JwtConfig {
    /// Where the keys are.
    pub keys: JwtKeys,
    /// What `iss` must be, if anything.
    pub issuer: Option<String>,
    /// What `aud` must hold; a JWT that has `aud` is refused if there is none.
    pub audience: Option<String>,
    /// The claim with the user's id.
    pub user_claim: String,
    /// The claim with the active workspace.
    pub workspace_claim: String,
    /// The claim with a role or a list of roles.
    pub role_claim: String,
    /// The role that makes an administrator; none = no JWT does.
    pub admin_role: Option<String>,
    /// How often keys are read again at most because of one that is not known.
    pub refresh: Duration,
}

/// The one source of keys among three variables, if any is set.
pub fn keys(
    secret: Option<String>,
    file: Option<PathBuf>,
    url: Option<String>,
) -> Result<Option<JwtKeys>, ConfigError> {
    match (secret, file, url) {
        (None, None, None) => Ok(None),
        (Some(secret), None, None) => {
            Secret::parse("PGTOKEN_JWT_SECRET", secret).map(|secret| Some(JwtKeys::Secret(secret)))
        }
        (None, Some(file), None) => Ok(Some(JwtKeys::File(file))),
        (None, None, Some(url)) => jwks_url(&url).map(|url| Some(JwtKeys::Url(url))),
        _ => Err(ConfigError::bad(
            "PGTOKEN_JWT_SECRET, PGTOKEN_JWKS_FILE, PGTOKEN_JWKS_URL",
            "at most one of them can be set",
        )),
    }
}

/// Keys over plain HTTP could be anybody's, unless they come from this machine.
fn jwks_url(text: &str) -> Result<hyper::Uri, ConfigError> {
    let variable = "PGTOKEN_JWKS_URL";
    let bad = |why: &str| ConfigError::bad(variable, format!("`{text}` {why}"));
    let url: hyper::Uri = text
        .parse()
        .map_err(|_| bad("is not a URL such as https://login.example.com/jwks.json"))?;
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(_)) => Ok(url),
        (Some("http"), Some("localhost" | "127.0.0.1" | "[::1]")) => Ok(url),
        (Some("http"), Some(_)) => Err(bad("must begin with https://, except on this machine")),
        _ => Err(bad(
            "is not a URL such as https://login.example.com/jwks.json",
        )),
    }
}
