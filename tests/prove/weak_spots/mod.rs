//! Weak spots of systems like this one: each is tried here over SQL and over HTTP.
mod bound;
mod cap;
mod manager;
mod minted;
mod removed;
mod shapes;

use crate::claim::Claim;

/// The eight, (a) to (h).
pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "nobody_mints_a_token_above_their_own_right",
        run: minted::nobody_mints_a_token_above_their_own_right,
    },
    Claim {
        name: "a_token_of_a_removed_member_falls_back_to_no_other_workspace",
        run: removed::a_token_of_a_removed_member_falls_back_to_no_other_workspace,
    },
    Claim {
        name: "a_removed_members_confined_token_is_refused_everywhere",
        run: removed::a_removed_members_confined_token_is_refused_everywhere,
    },
    Claim {
        name: "a_manager_sees_and_revokes_every_members_token",
        run: manager::a_manager_sees_and_revokes_every_members_token,
    },
    Claim {
        name: "a_token_or_user_of_one_workspace_is_shown_nothing_of_another",
        run: bound::a_token_or_user_of_one_workspace_is_shown_nothing_of_another,
    },
    Claim {
        name: "every_change_of_the_owners_state_reaches_its_tokens",
        run: removed::every_change_of_the_owners_state_reaches_its_tokens,
    },
    Claim {
        name: "values_of_the_wrong_shape_are_refused_and_never_a_500",
        run: shapes::values_of_the_wrong_shape_are_refused_and_never_a_500,
    },
    Claim {
        name: "no_user_gets_more_live_tokens_than_the_cap",
        run: cap::no_user_gets_more_live_tokens_than_the_cap,
    },
];
