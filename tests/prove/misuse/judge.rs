//! How a statement may end, by what it calls and who calls it.
use super::sandbox::Ending;

/// Functions that answer bad input by a verdict or by no row.
const NEVER_RAISE: &[&str] = &[
    "verify_token",
    "verify_digest",
    "inspect_token",
    "inspect_digest",
];
/// Functions that take arrays, which must be equally long.
const OF_ARRAYS: &[&str] = &["verify_tokens", "verify_digests"];

/// Whether a function of this name changes nothing.
pub fn asks(function: &str) -> bool {
    let verbs = ["verify_", "require_", "inspect_", "get_", "find_", "list_"];
    verbs.iter().any(|verb| function.starts_with(verb)) || function == "token_stats"
}

/// Whether a statement may end like that.
pub fn judge(function: &str, role: &str, ending: &Ending) -> Result<(), String> {
    let Ending {
        state,
        rows,
        message,
    } = ending;
    let said = message.as_deref().unwrap_or_default();
    let is_privilege = state == "42501" && said.starts_with("permission denied for ");
    let may_verify = matches!(role, "pgtoken_verifier" | "pgtoken_admin" | "postgres");
    if is_privilege && (!asks_about_texts(function) || !may_verify) {
        return Ok(());
    }
    let fine = match function {
        name if NEVER_RAISE.contains(&name) => state == "00000" && *rows <= 1,
        name if OF_ARRAYS.contains(&name) => matches!(state.as_str(), "00000" | "22023"),
        "require_token" => matches!(state.as_str(), "00000" | "28000" | "42501" | "53400"),
        "setting" => matches!(state.as_str(), "00000" | "22023" | "42501"),
        "directory" => {
            matches!(&state[..2], "00" | "22" | "23")
                || matches!(state.as_str(), "25006" | "428C9" | "42501" | "54000")
        }
        _ => matches!(
            state.as_str(),
            "00000" | "22023" | "25006" | "42501" | "55000" | "P0002"
        ),
    };
    let one_row = !matches!(function, "verify_token" | "verify_digest" | "require_token");
    let fine = fine && (one_row || state != "00000" || *rows == 1);
    match fine {
        true => Ok(()),
        false => Err(format!("{state} {said} ({rows} rows)")),
    }
}

fn asks_about_texts(function: &str) -> bool {
    NEVER_RAISE.contains(&function) || OF_ARRAYS.contains(&function) || function == "require_token"
}
