//! What an attacker would try: each claim is one kind of attack, and its tries are variants of it.
mod cross_origin;
mod digest;
mod disguise;
mod escalation;
mod identity;
mod jwt;
mod leaks;
mod load;
mod log;
mod race;
mod refusals;
mod search_path;
mod session;
mod smuggling;
mod timing;

use crate::claim::Claim;

/// The attacks that SECURITY.md lists.
pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "no_granted_role_reads_a_digest",
        run: leaks::no_granted_role_reads_a_digest,
    },
    Claim {
        name: "a_leaky_function_in_a_query_is_shown_nothing_that_the_view_holds_back",
        run: leaks::a_leaky_function_in_a_query_is_shown_nothing_that_the_view_holds_back,
    },
    Claim {
        name: "a_refusal_says_the_same_of_anothers_token_and_of_none",
        run: refusals::a_refusal_says_the_same_of_anothers_token_and_of_none,
    },
    Claim {
        name: "nobody_acts_as_a_user_they_were_not_given",
        run: identity::nobody_acts_as_a_user_they_were_not_given,
    },
    Claim {
        name: "a_digest_opens_nothing",
        run: digest::a_digest_opens_nothing,
    },
    Claim {
        name: "objects_in_the_search_path_or_pg_temp_change_nothing",
        run: search_path::objects_in_the_search_path_or_pg_temp_change_nothing,
    },
    Claim {
        name: "no_sequence_of_calls_ends_with_more_than_the_owner_holds",
        run: escalation::no_sequence_of_calls_ends_with_more_than_the_owner_holds,
    },
    Claim {
        name: "no_race_of_issuing_against_a_reduction_leaves_more",
        run: race::no_race_of_issuing_against_a_reduction_leaves_more,
    },
    Claim {
        name: "no_jwt_is_believed_but_a_well_signed_one_with_plain_claims",
        run: jwt::no_jwt_is_believed_but_a_well_signed_one_with_plain_claims,
    },
    Claim {
        name: "a_guess_that_is_almost_right_takes_as_long_as_any_other",
        run: timing::a_guess_that_is_almost_right_takes_as_long_as_any_other,
    },
    Claim {
        name: "no_session_is_planted_forged_or_used_again",
        run: session::no_session_is_planted_forged_or_used_again,
    },
    Claim {
        name: "no_other_page_changes_anything_with_the_session",
        run: cross_origin::no_other_page_changes_anything_with_the_session,
    },
    Claim {
        name: "no_request_is_hidden_in_another_or_in_its_headers",
        run: smuggling::no_request_is_hidden_in_another_or_in_its_headers,
    },
    Claim {
        name: "no_client_writes_a_line_of_its_own_into_a_log",
        run: log::no_client_writes_a_line_of_its_own_into_a_log,
    },
    Claim {
        name: "huge_and_colliding_input_is_answered_in_bounded_time",
        run: load::huge_and_colliding_input_is_answered_in_bounded_time,
    },
    Claim {
        name: "chosen_ids_slow_nothing_down",
        run: load::chosen_ids_slow_nothing_down,
    },
];
