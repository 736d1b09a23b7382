//! What makes a dump complete and restorable, table by table.
use pgtoken_tests::{Database, shared};

#[test]
fn every_table_is_marked_for_the_dump() {
    let db = shared().database();
    let marked =
        "select unnest(extconfig)::regclass::text from pg_extension where extname = 'pgtoken'";
    let tables = "select c.oid::regclass::text from pg_class as c
                  join pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
                  join pg_extension as e on e.oid = d.refobjid and e.extname = 'pgtoken'
                  where c.relkind not in ('v', 'i', 'c')";
    assert_none(&db, &format!("({tables}) except ({marked})"));
    assert_none(&db, &format!("({marked}) except ({tables})"));
    // Not by mistake because there are none.
    let count: i64 = db.value(&format!("select count(*) from ({tables}) as t"), &[]);
    assert!(count >= 15);
}

#[test]
fn only_shipped_words_are_left_out_of_the_dump() {
    let db = shared().database();
    let filtered = "select string_agg(t::regclass::text, ' ') from pg_extension,
                    unnest(extconfig, extcondition) as u (t, condition)
                    where extname = 'pgtoken' and condition <> ''";
    assert_eq!(db.value::<String>(filtered, &[]), "pgtoken.scope");
    let condition: String = db.value(
        "select condition from pg_extension, unnest(extcondition) as u (condition)
         where extname = 'pgtoken' and condition <> ''",
        &[],
    );
    assert_none(&db, &format!("select name from pgtoken.scope {condition}"));
    // All others are empty: what CREATE EXTENSION brings would collide with what the dump brings.
    for table in tables(&db) {
        if table != "pgtoken.scope" {
            assert_none(&db, &format!("select t::text from {table} as t"));
        }
    }
}

#[test]
fn there_is_no_sequence() {
    let db = shared().database();
    assert_none(
        &db,
        "select oid::regclass::text from pg_class
         where relkind = 'S' and relnamespace::regnamespace::text ~ '^pgtoken'",
    );
}

#[test]
fn no_foreign_keys_lead_in_a_circle() {
    let db = shared().database();
    let circles = "
        with recursive edge (child, parent) as (
            select distinct conrelid, confrelid from pg_constraint
            where contype = 'f' and connamespace = 'pgtoken'::regnamespace
        ), path (start, here) as (
            select child, parent from edge
            union
            select path.start, edge.parent from path join edge on edge.child = path.here
        )
        select start::regclass::text from path where start = here";
    assert_none(&db, circles);
}

#[test]
fn no_trigger_of_an_insert_writes_another_row() {
    let db = shared().database();
    let names: String = db.value(
        "select string_agg(distinct t.tgfoid::regproc::text, ' ' order by t.tgfoid::regproc::text)
         from pg_trigger as t
         join pg_class as c on c.oid = t.tgrelid and c.relnamespace = 'pgtoken'::regnamespace
         where not t.tgisinternal and t.tgtype & 4 = 4",
        &[],
    );
    // Reviewed: checks, a cache invalidation, lock_above, which only locks, and restore_owner_scope, which only updates
    // tokens that are there already; they come after members.
    assert_eq!(
        names,
        "pgtoken_internal.check_member pgtoken_internal.check_member_scope pgtoken_internal.check_permission \
         pgtoken_internal.check_scope pgtoken_internal.forget_vocabulary \
         pgtoken_internal.lock_above pgtoken_internal.restore_owner_scope"
    );
}

fn tables(db: &Database) -> Vec<String> {
    let list = "select string_agg(t::regclass::text, ' ') from pg_extension, unnest(extconfig) as t \
                where extname = 'pgtoken'";
    let list: String = db.value(list, &[]);
    list.split(' ').map(str::to_owned).collect()
}

/// A query for what must not be, in one column of text.
#[track_caller]
fn assert_none(db: &Database, query: &str) {
    let rows = db.client().query(query, &[]).expect("query");
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(found.is_empty(), "{found:?}\n{query}");
}
