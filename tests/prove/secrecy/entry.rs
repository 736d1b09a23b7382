//! Entries of a server's log, and whose words they hold.
use regex::bytes::Regex;
use std::sync::LazyLock;

/// What every entry begins with, by `log_line_prefix` of the harness.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    let pattern =
        r"^[0-9-]{10} [0-9:.]+ \S+ \[[0-9]+\] <([^|]*)\|[^|]*\|[^|]*\|([^>]*)> ([A-Z0-9]+):  (.*)$";
    Regex::new(&format!("(?s-u:{pattern})")).expect("a pattern")
});

/// Words of a statement, and not about it.
static STATEMENT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^(00000: )?(duration: [0-9.]+ ms  )?(statement|execute|parse|bind|fetch)\b";
    Regex::new(&format!("(?-u:{pattern})")).expect("a pattern")
});

/// What the postmaster says of a backend that was killed, before its statement.
const CRASHED: &[u8] = b"failed process was running: ";

/// Whose words an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// A statement or a parameter of a client that is no facade: what it wrote is its own.
    Client,
    /// A statement or a parameter of a facade.
    Facade,
    /// Anything else: messages, contexts, workers.
    Server,
}

/// The entry that a line begins; none where it goes on with the one before.
pub fn words_of(line: &[u8]) -> Option<Words> {
    let parts = PREFIX.captures(line)?;
    let part = |n: usize| parts.get(n).map_or(&b""[..], |part| part.as_bytes());
    let (backend, application, severity, text) = (part(1), part(2), part(3), part(4));
    let is_statement = match severity {
        b"LOG" => STATEMENT.is_match(text),
        b"STATEMENT" => true,
        b"DETAIL" => {
            let text = text.to_ascii_lowercase();
            text.starts_with(b"parameters: ") || text.starts_with(CRASHED)
        }
        b"CONTEXT" => text.windows(17).any(|some| some == b" with parameters:"),
        _ => false,
    };
    Some(match (is_statement, backend, application) {
        (true, _, b"pgtoken-facade") => Words::Facade,
        (true, b"client backend" | b"postmaster", _) => Words::Client,
        _ => Words::Server,
    })
}
