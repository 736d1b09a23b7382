//! What a backup brings back: every token as it was, and what was done to tokens since from the log.
mod backups;
pub mod copy;
pub mod generator;
mod recipes;
mod runbook;
mod secrets;

use crate::claim::Claim;

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "a_dump_restored_in_any_way_has_every_token_and_works_on",
        run: backups::dumps,
    },
    Claim {
        name: "a_copy_of_the_whole_cluster_has_roles_and_settings_too",
        run: backups::whole_clusters,
    },
    Claim {
        name: "no_file_of_a_backup_holds_a_secret",
        run: backups::secrets,
    },
    Claim {
        name: "the_runbook_ends_what_was_ended_since_the_backup",
        run: runbook::revived,
    },
];
