//! Secrecy: the text of a token is in the one answer that shows it, and nowhere else.
//!
//! Servers and facades log everything that they can here. What a client itself writes into a
//! statement is its own; README says how not to.
mod advice;
mod entry;
mod find;
mod looked;
mod routes;
mod secret;
mod suite;
mod tour;

use crate::claim::Claim;

/// The claims of this part.
pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "no_secret_leaves_the_answer_that_shows_it",
        run: tour::nothing_leaks,
    },
    Claim {
        name: "a_client_that_follows_the_readme_leaves_no_text_in_the_log",
        run: advice::followed,
    },
    Claim {
        name: "the_whole_suite_leaves_no_secret_in_any_log",
        run: suite::logs_nothing,
    },
];
