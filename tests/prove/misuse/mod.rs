//! Misuse: whatever is sent, by whomever, there is an answer, and nothing breaks.
//!
//! Inputs are made up from a seed, which is printed and can be given as `PGTOKEN_PROVE_SEED`.
//! What once broke something, and what is likely to, is kept in `tests/prove/corpus` and goes first.
mod bytes;
mod call;
mod corpus;
mod directory;
mod field;
mod hostile;
mod http;
mod invariants;
mod judge;
mod memory;
mod request;
mod sandbox;
mod seed;
mod sql;
mod value;

use crate::claim::Claim;

/// The claims of this part.
pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "whatever_sql_functions_are_given_the_server_lives_and_refuses_by_name",
        run: sql::any_call,
    },
    Claim {
        name: "whatever_is_asked_over_http_is_answered_by_the_facade_itself",
        run: http::any_request,
    },
    Claim {
        name: "whatever_bytes_are_sent_the_facade_answers_the_next_request",
        run: bytes::any_bytes,
    },
];
