//! Ports, paths before every path, and what a client may take.
use super::ConfigError;
use std::net::SocketAddr;
use std::time::Duration;

/// What a client may take.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Connections served at a time; more wait in the kernel's queue.
    pub connections: usize,
    /// How long a client may take to send the head of a request, and how long a kept connection may be idle.
    pub idle: Duration,
    /// How long a client may take to send a body.
    pub body: Duration,
    /// How long requests may take to finish once the facade was asked to stop.
    pub drain: Duration,
}

/// An address and port.
pub fn address(variable: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| {
        ConfigError::bad(
            variable,
            format!("`{text}` is not an address and port such as 127.0.0.1:8080"),
        )
    })
}

/// Empty, or segments of unreserved characters, without the last slash.
pub fn base_path(variable: &'static str, text: &str) -> Result<String, ConfigError> {
    let path = text.strip_suffix('/').unwrap_or(text);
    if path.is_empty() {
        return Ok(String::new());
    }
    let good = path.strip_prefix('/').is_some_and(|path| {
        path.split('/').all(|segment| {
            let unreserved = |c: char| c.is_ascii_alphanumeric() || "-_~.".contains(c);
            !matches!(segment, "" | "." | "..") && segment.chars().all(unreserved)
        })
    });
    if good {
        return Ok(path.to_owned());
    }
    Err(ConfigError::bad(
        variable,
        format!("`{text}` is not a path such as /pgtoken: letters, digits, `-_~.` between slashes"),
    ))
}

/// Where people reach the facade: `https://tokens.example.com`, without the last slash.
pub fn public_url(variable: &'static str, text: &str) -> Result<String, ConfigError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let uri: Option<hyper::Uri> = text.parse().ok();
    let good = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|a| !a.as_str().contains('@'))
            && uri.query().is_none()
    });
    if good {
        return Ok(text.to_owned());
    }
    Err(ConfigError::bad(
        variable,
        format!("`{text}` is not a URL such as https://tokens.example.com"),
    ))
}
