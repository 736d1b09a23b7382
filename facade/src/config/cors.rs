//! Pages of which origins may call.
use super::ConfigError;

/// Origins such as `https://app.example.com`; none by default.
#[derive(Clone, Default)]
pub struct CorsOrigins(Vec<String>);

impl CorsOrigins {
    /// Reads origins separated by commas. There is no `*`: whoever may call is named.
    pub fn parse(variable: &'static str, text: &str) -> Result<CorsOrigins, ConfigError> {
        let entries = text.split(',').map(str::trim);
        let entries = entries.filter(|entry| !entry.is_empty());
        let origins: Result<_, _> = entries.map(|entry| origin(variable, entry)).collect();
        origins.map(CorsOrigins)
    }

    /// Whether pages of this origin may call.
    pub fn allow(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }

    /// Whether any page of another origin may call.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn origin(variable: &'static str, entry: &str) -> Result<String, ConfigError> {
    let bad = || {
        ConfigError::bad(
            variable,
            format!("`{entry}` is not an origin such as https://app.example.com (no path, no *)"),
        )
    };
    let uri: hyper::Uri = entry.parse().map_err(|_| bad())?;
    let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(bad());
    };
    let origin = format!("{}://{authority}", uri.scheme_str().unwrap_or_default());
    // What browsers send has no path, no user, no capital letters.
    if origin != entry || authority.as_str().contains(['@', '*']) || entry != entry.to_lowercase() {
        return Err(bad());
    }
    Ok(origin)
}
