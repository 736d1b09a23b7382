//! A secret from the configuration.
use super::ConfigError;
use std::fmt;
use subtle::ConstantTimeEq;

const MIN_CHARACTERS: usize = 32;

/// What people write until they think of something better, and examples in documentation.
const WELL_KNOWN: [&str; 8] = [
    "changeme",
    "change-me",
    "change_me",
    "password",
    "secret",
    "default",
    "example",
    "your-",
];

/// A text that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Refuses what could be guessed.
    pub fn parse(variable: &'static str, text: String) -> Result<Secret, ConfigError> {
        let length = text.chars().count();
        if length < MIN_CHARACTERS {
            return Err(ConfigError::bad(
                variable,
                format!(
                    "has {length} characters, and must have at least {MIN_CHARACTERS}; `openssl rand -hex 32` makes a good one"
                ),
            ));
        }
        if text.trim() != text || text.chars().any(|c| !c.is_ascii_graphic()) {
            return Err(ConfigError::bad(
                variable,
                "must be printable ASCII without spaces, or no header could carry it",
            ));
        }
        let lower = text.to_ascii_lowercase();
        if WELL_KNOWN.iter().any(|word| lower.starts_with(word)) || is_repetitive(&text) {
            return Err(ConfigError::bad(
                variable,
                "is a well-known default or repeats itself; `openssl rand -hex 32` makes a good one",
            ));
        }
        Ok(Secret(text))
    }

    /// Whether this is the secret. Takes the same time whatever is wrong, its length too.
    pub fn is(&self, given: &str) -> bool {
        let own = pgtoken_format::digest(self.0.as_bytes());
        let given = pgtoken_format::digest(given.as_bytes());
        own.ct_eq(&given).into()
    }

    /// The bytes, for keys made of it.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Made of fewer than eight different characters: `aaaa…`, `12341234…`.
fn is_repetitive(text: &str) -> bool {
    let mut bytes = text.as_bytes().to_vec();
    bytes.sort_unstable();
    bytes.dedup();
    bytes.len() < 8
}
