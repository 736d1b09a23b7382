//! Upgrades: install the files, restart, ALTER EXTENSION … UPDATE; the product works between the steps.
mod load;
mod steps;
mod versions;
mod work;

use crate::claim::Claim;

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "every_step_of_an_upgrade_verifies_manages_and_flushes",
        run: steps::upgrade,
    },
    Claim {
        name: "an_upgrade_that_fails_leaves_the_old_version_at_work",
        run: steps::failure,
    },
    Claim {
        name: "sql_newer_than_the_library_verifies_and_manages_too",
        run: steps::newer,
    },
    Claim {
        name: "no_verdict_is_wrong_while_the_extension_is_updated",
        run: load::verification,
    },
];
