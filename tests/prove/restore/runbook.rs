//! "After a restore" in README.md: what was ended since the backup is ended again.
use super::generator::{Generated, Size, Verdicts};
use super::recipes::{Recipes, desk};
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Cluster, Contents, Database, row, rows};
use std::collections::BTreeMap;

pub fn revived(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let recipes = Recipes::read();
    let (home, elsewhere) = (Cluster::start(), Cluster::start());
    for seed in 31..=effort.tries(32, 34) {
        let size = Size {
            seed,
            users: effort.tries(20, 80),
            workspaces: effort.tries(5, 15),
            tokens: effort.tries(400, 1_500),
        };
        round(&mut tally, &recipes, &home, &elsewhere, size);
    }
    tally
}

/// A backup, some time, a loss, and a restore.
fn round(tally: &mut Tally, recipes: &Recipes, home: &Cluster, elsewhere: &Cluster, size: Size) {
    let desk = desk(home);
    let type_in = |cluster: &Cluster, commands: &str| {
        let printed = cluster.shell(commands, &desk);
        printed.unwrap_or_else(|complaint| panic!("{commands}: {complaint}"))
    };
    type_in(
        home,
        "createdb acme; psql -Xqc 'create extension pgtoken' acme",
    );
    let mut acme = Generated::fill(home.named_database("acme"), size);
    if size.seed.is_multiple_of(2) {
        // A log that was purged has nothing that the export overlaps.
        rows(&mut acme.db.client(), "select pgtoken.purge_events(now())");
    }
    type_in(home, &recipes.dump);
    let saved: Vec<String> = acme.secrets.iter().map(|s| s.text().to_owned()).collect();

    // Exports overlap; an auditor makes them.
    let export = format!(
        "export PGUSER={}\n{}",
        home.login(&["pgtoken_auditor"]),
        recipes.export
    );
    acme.change(size.seed + 100);
    type_in(home, &export);
    type_in(
        home,
        "for file in events-*; do mv $file events-0.copy; done",
    );
    acme.change(size.seed + 200);
    type_in(home, &export);

    let copy = elsewhere.named_database("acme_restored");
    type_in(elsewhere, &recipes.restore[0]);
    synchronise(&acme.db, &copy);

    acme.secrets
        .retain(|secret| saved.iter().any(|text| text == secret.text()));
    let lost = acme.verdicts(&mut acme.db.client());
    let revived = mistakes(&lost, &acme.verdicts(&mut copy.client()));
    tally.check(!revived.is_empty(), || {
        "the backup revives nothing".to_owned()
    });
    tally.figure(format!(
        "{} of {} verdicts were wrong before the runbook",
        revived.len(),
        lost.len()
    ));

    type_in(elsewhere, &recipes.reapply);
    let again = acme.verdicts(&mut copy.client());
    tally.add(lost.len() as u64);
    for mistake in mistakes(&lost, &again) {
        tally.attempt(Err(mistake));
    }
    compare_logs(tally, &acme.db, &copy);

    let once = Contents::of(&mut copy.client());
    type_in(elsewhere, &recipes.reapply);
    let difference = once.difference(&Contents::of(&mut copy.client()));
    tally.attempt(difference.map_or(Ok(()), |difference| {
        Err(format!("a second run: {difference}"))
    }));
}

/// Verdicts that are valid on one side only, or valid for something else.
fn mistakes(lost: &Verdicts, restored: &Verdicts) -> Vec<String> {
    let differs = |(question, was): (&String, &(String, String))| {
        let is = &restored[question];
        let denied = was.0 != "valid" && is.0 != "valid";
        (!denied && was != is).then(|| format!("{question}: {was:?} is now {is:?}"))
    };
    lost.iter().filter_map(differs).collect()
}

/// The restored log has every event of the lost one, and says of what it did why.
fn compare_logs(tally: &mut Tally, lost: &Database<'_>, restored: &Database<'_>) {
    let events = "select e::text from pgtoken.event as e order by 1";
    let restored_events = rows(&mut restored.client(), events);
    for event in rows(&mut lost.client(), events) {
        let found = restored_events.binary_search(&event).is_ok();
        tally.check(found, || format!("the restored log lacks {event}"));
    }
    let unexplained = "
        select count(*) filter (where t.revoke_reason = 'since the backup: ' || e.reason) > 0,
               count(*) filter (where t.revoke_reason <> 'since the backup: ' || e.reason)
        from pgtoken.tokens as t
        cross join lateral (
            select case e.kind
                       when 'revoked' then e.detail ->> 'reason'
                       when 'rotated' then 'superseded'
                       else e.kind
                   end as reason
            from pgtoken.event as e
            where e.token_id = t.id
              and (e.kind in ('revoked', 'deleted') or (e.kind = 'rotated' and e.detail ->> 'overlap' = 'none'))
            order by e.id
            limit 1
        ) as e
        where t.revoked_by = 'restored backup' and t.revoke_reason <> 'since the backup: expired'";
    let unexplained = row(&mut restored.client(), unexplained);
    tally.check(unexplained == "t|0", || {
        format!("revoked for other reasons than the log gives: {unexplained}")
    });
}

/// What the application does: it brings the restored directory up to date by plain DML.
fn synchronise(lost: &Database<'_>, restored: &Database<'_>) {
    let mut now: BTreeMap<&str, serde_json::Value> = BTreeMap::new();
    for (table, _) in DIRECTORY {
        let query =
            format!("select coalesce(jsonb_agg(to_jsonb(t)), '[]') from pgtoken.{table} as t");
        now.insert(table, lost.value(&query, &[]));
    }
    let mut client = restored.client();
    for (table, put) in DIRECTORY {
        let put = format!(
            "with now as (select * from jsonb_populate_recordset(null::pgtoken.{table}, $1)) {put}"
        );
        client.execute(&put, &[&now[table]]).expect("a directory");
    }
    for (table, _) in DIRECTORY.iter().rev() {
        let keys = match *table {
            "zone" => "target_id, zone_id",
            "member" => "workspace_id, user_id",
            "target" => "target_id",
            "app_user" => "user_id",
            _ => "workspace_id",
        };
        let gone = format!(
            "delete from pgtoken.{table} where ({keys}) not in (
                 select {keys} from jsonb_populate_recordset(null::pgtoken.{table}, $1))"
        );
        client.execute(&gone, &[&now[table]]).expect("a directory");
    }
}

/// Tables of the directory, those that others refer to first, and how to put what is there now.
const DIRECTORY: [(&str, &str); 5] = [
    (
        "workspace",
        "insert into pgtoken.workspace (workspace_id, name, disabled_at)
         select workspace_id, name, disabled_at from now
         on conflict (workspace_id) do update set name = excluded.name, disabled_at = excluded.disabled_at",
    ),
    (
        "app_user",
        "insert into pgtoken.app_user (user_id, name, email, disabled_at, service_of)
         select user_id, name, email, disabled_at, service_of from now
         on conflict (user_id) do update set disabled_at = excluded.disabled_at",
    ),
    (
        "target",
        "insert into pgtoken.target (target_id, workspace_id, name) select target_id, workspace_id, name from now
         on conflict (target_id) do update set workspace_id = excluded.workspace_id",
    ),
    (
        "zone",
        "insert into pgtoken.zone (target_id, zone_id, name) select target_id, zone_id, name from now
         on conflict do nothing",
    ),
    (
        "member",
        "insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
         select workspace_id, user_id, scope, manages_tokens from now
         on conflict (workspace_id, user_id) do update
         set scope = excluded.scope, manages_tokens = excluded.manages_tokens",
    ),
];
