//! Everything that pgtoken keeps in a database, to compare with what a copy has.
use crate::query::rows;
use postgres::Client;
use std::collections::BTreeMap;

/// The rows of every table of the extension and of the view `tokens`, the triggers and the privileges: sorted text, by name.
#[derive(PartialEq, Eq)]
pub struct Contents(BTreeMap<String, Vec<String>>);

impl Contents {
    /// What is in the database now.
    #[track_caller]
    pub fn of(client: &mut Client) -> Contents {
        let mut queries = BTreeMap::from([
            (
                "the view tokens".to_owned(),
                "select t::text from pgtoken.tokens as t order by t.id".to_owned(),
            ),
            ("triggers".to_owned(), TRIGGERS.to_owned()),
            ("privileges".to_owned(), PRIVILEGES.to_owned()),
        ]);
        // Not those that are marked for the dump: a missing mark has to show.
        let tables = "select oid::regclass::text from pg_class
                      where relnamespace = 'pgtoken'::regnamespace and relkind = 'r'";
        for table in rows(client, tables) {
            let query = format!("select t::text from {table} as t order by 1");
            queries.insert(table, query);
        }
        let read = |(name, query): (String, String)| (name, rows(client, &query));
        Contents(queries.into_iter().map(read).collect())
    }

    /// Names and rows.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        let parts = self.0.iter();
        parts.map(|(name, rows)| (name.as_str(), rows.as_slice()))
    }

    /// The rows of one table.
    #[track_caller]
    pub fn part(&self, name: &str) -> &[String] {
        &self.0[name]
    }

    /// How many rows there are in all.
    pub fn rows(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// The first difference to a copy, if there is one.
    pub fn difference(&self, copy: &Contents) -> Option<String> {
        if !self.0.keys().eq(copy.0.keys()) {
            return Some("the tables are others".to_owned());
        }
        let (name, rows) = self.0.iter().find(|(name, rows)| copy.0[*name] != **rows)?;
        let copied = &copy.0[name];
        let missing = rows.iter().find(|row| !copied.contains(row));
        let added = copied.iter().find(|row| !rows.contains(row));
        Some(format!(
            "{name}: {} rows became {}; missing {missing:?}; added {added:?}",
            rows.len(),
            copied.len(),
        ))
    }
}

/// Triggers with when they fire, those of keys by the name of their key: their own has a number in it.
const TRIGGERS: &str = "
    select concat_ws(' ', t.tgrelid::regclass, coalesce(c.conname, t.tgname), t.tgfoid::regproc, t.tgenabled)
    from pg_trigger as t
    left join pg_constraint as c on c.oid = t.tgconstraint
    where t.tgrelid in (select oid from pg_class where relnamespace = 'pgtoken'::regnamespace)
    order by 1";

const PRIVILEGES: &str = "
    select concat_ws(' ', 'relation', oid::regclass, array(select unnest(relacl)::text order by 1))
    from pg_class
    where relnamespace = 'pgtoken'::regnamespace
    union all
    select concat_ws(' ', 'function', oid::regprocedure, array(select unnest(proacl)::text order by 1))
    from pg_proc
    where pronamespace in ('pgtoken'::regnamespace, 'pgtoken_internal'::regnamespace)
    union all
    select concat_ws(' ', 'schema', nspname, array(select unnest(nspacl)::text order by 1))
    from pg_namespace
    where nspname ~ '^pgtoken'
    order by 1";
