//! Dumps and base backups, restored.
use super::copy::{Original, roles_and_settings, work_on};
use super::generator::{Generated, Size};
use super::recipes::{Recipes, desk, restore_roles};
use super::secrets::Needles;
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Cluster, rows};
use std::path::Path;

/// The codes of tokens that are dead or go beyond what they may, which a random directory has all of.
const CODES: [&str; 12] = [
    "disabled",
    "expired",
    "insufficient_permissions",
    "insufficient_scope",
    "not_a_member",
    "not_found",
    "owner_disabled",
    "revoked",
    "target_forbidden",
    "valid",
    "workspace_disabled",
    "wrong_workspace",
];

fn size(effort: Effort, seed: u64) -> Size {
    Size {
        seed,
        users: effort.tries(20, 100),
        workspaces: effort.tries(6, 20),
        tokens: effort.tries(150, 2_500),
    }
}

/// The database acme with a random directory, and roles and settings of its own in the cluster.
fn acme(cluster: &Cluster, size: Size) -> Generated<'_> {
    let db = cluster.named_database("acme");
    let mut administrator = cluster.connect("postgres", "postgres");
    rows(&mut administrator, "create database acme");
    db.execute(
        "create extension pgtoken;
         insert into pgtoken.sign_in (id, kind, expires_at)
         values (gen_random_uuid(), 'link', now() + interval '1 hour'), (gen_random_uuid(), 'session', now());
         create role acme_gateway login password 'not a token';
         create role acme_dba;
         grant pgtoken_verifier to acme_gateway;
         grant pgtoken_admin to acme_dba with admin option;
         grant execute on function pgtoken.purge_events to acme_dba;
         alter database acme set pgtoken.prefix = 'acme';
         alter role acme_gateway set pgtoken.actor = 'gateway';
         alter role acme_dba in database acme set pgtoken.max_tokens_per_user = 1000",
    );
    let generated = Generated::fill(db, size);
    generated.use_all();
    generated
}

pub fn dumps(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let recipes = Recipes::read();
    let elsewhere = Cluster::start();
    for seed in 1..=effort.tries(1, 3) {
        let home = Cluster::start();
        let acme = acme(&home, size(effort, seed));
        let original = Original::of(&acme);
        let codes = original.codes();
        for code in CODES {
            tally.check(codes.contains(&code), || {
                format!("no verdict is {code}: {codes:?}")
            });
        }

        let desk = desk(&home);
        home.shell(&recipes.dump, &desk)
            .expect("README's commands work");
        restore_roles(&elsewhere, &desk);
        for (n, recipe) in recipes.restore.iter().enumerate() {
            let way = format!("README's recipe {} of directory {seed}", n + 1);
            let copy = elsewhere.named_database("acme_restored");
            elsewhere
                .shell(recipe, &desk)
                .expect("README's commands work");
            original.compare(&mut tally, &way, &acme, &mut copy.client());
            work_on(&mut tally, &way, &mut copy.client());
        }
        let way = format!("psql of directory {seed}");
        let copy = elsewhere.empty_database();
        copy.run_script(&acme.db.dump(&[]), &[]);
        original.compare(&mut tally, &way, &acme, &mut copy.client());
        work_on(&mut tally, &way, &mut copy.client());
    }
    tally
}

pub fn whole_clusters(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    for seed in 11..=effort.tries(11, 12) {
        let home = Cluster::start();
        let acme = acme(&home, size(effort, seed));
        let original = Original::of(&acme);
        let desk = desk(&home);
        let elsewhere = Cluster::start();
        home.shell("pg_dumpall -f all.sql", &desk)
            .expect("pg_dumpall works");
        // The superuser is there already.
        elsewhere
            .shell("psql -Xq -d postgres -f all.sql", &desk)
            .expect("psql goes on after errors");
        let based = Cluster::settings().copy(&home);
        for (way, copy) in [("pg_dumpall", elsewhere), ("pg_basebackup", based)] {
            let (here, there) = (
                roles_and_settings(&mut home.connect("postgres", "postgres")),
                roles_and_settings(&mut copy.connect("postgres", "postgres")),
            );
            tally.add(here.len() as u64);
            tally.check(here == there, || {
                format!("{way}: {here:?} became {there:?}")
            });
            let mut client = copy.connect("acme", "postgres");
            original.compare(&mut tally, way, &acme, &mut client);
            work_on(&mut tally, way, &mut client);
        }
    }
    tally
}

pub fn secrets(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let home = Cluster::start();
    let acme = acme(&home, size(effort, 21));
    let recipes = Recipes::read();
    let desk = desk(&home);
    home.shell(&recipes.dump, &desk)
        .expect("README's commands work");
    home.shell(&recipes.export, &desk)
        .expect("README's commands work");
    // An archive is compressed unless it is told not to be.
    home.shell(
        "pg_restore -f restored.sql acme.dump
         pg_dump -Fc -Z0 -d acme -f plain.dump
         pg_dump -Fp --inserts -d acme -f inserts.sql
         pg_dumpall -f all.sql
         pg_basebackup -D base -X stream --checkpoint=fast",
        &desk,
    )
    .expect("the programs of PostgreSQL work");

    let needles = Needles::of(&acme.secrets);
    let (found, files) = needles.search(&desk);
    tally.figure(format!(
        "{} tokens sought in {files} files",
        needles.count()
    ));
    tally.add(needles.count() * files);
    for file in found {
        tally.attempt(Err(format!("{file} holds the text of a token")));
    }
    // The search finds what is there.
    let needle = acme.secrets.last().expect("there are tokens").text();
    plant(
        &desk,
        &format!("insert into note values ('look: {needle}, and so on');"),
    );
    let (found, _) = needles.search(&desk);
    tally.check(found.len() == 1, || {
        "a planted token was not found".to_owned()
    });
    tally
}

fn plant(desk: &Path, text: &str) {
    std::fs::write(desk.join("base/planted"), text).expect("the folder is writable");
}
