//! Looking: lists in stable order, page by page, for a user, an administrator or an auditor.
//!
//! *Architecture Invariant:* nothing here writes, so that it works in READ ONLY transactions and on standbys.

mod directory;
mod events;
mod find;
mod stats;
mod tokens;
mod usage;

/// Rows of a page, where the caller doesn't say how many.
const USUAL_PAGE: i32 = 50;
/// Most rows of a page.
const MAX_PAGE: i32 = 1000;

/// Tokens that a user may see, as a condition on `t`; `$1` is the user, null for everything.
const VISIBLE: &str = "
    ($1 is null or t.user_id = $1 or t.workspace_id in (
        select m.workspace_id from pgtoken.member as m where m.user_id = $1 and m.manages_tokens
    ))";
