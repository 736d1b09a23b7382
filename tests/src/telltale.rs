//! Servers and facades that log whatever can be logged, to see whether a secret gets there.
use std::path::PathBuf;

/// Names a folder that anybody can write to. Where it is set, every server and every facade of the
/// tests logs everything it can into files of that folder, which stay.
pub const TELLTALE: &str = "PGTOKEN_TEST_TELLTALE";

/// Settings of a server that logs every statement with its parameters, and who sent it.
pub const TELLTALE_SETTINGS: [(&str, &str); 7] = [
    ("log_statement", "all"),
    ("log_min_duration_statement", "0"),
    ("log_parameter_max_length", "-1"),
    ("log_parameter_max_length_on_error", "-1"),
    ("log_error_verbosity", "verbose"),
    ("log_min_messages", "debug1"),
    ("log_line_prefix", "%m [%p] <%b|%u|%d|%a> "),
];

/// The log level of such a facade.
pub const TELLTALE_RUST_LOG: &str = "trace";

/// A new file for a log, where all of them are kept.
pub(crate) fn log_file(program: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os(TELLTALE)?);
    Some(folder.join(format!("{program}-{}.log", uuid::Uuid::new_v4().simple())))
}
