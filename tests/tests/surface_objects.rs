//! What the extension puts into a database: each object is on a reviewed list, explained, and closed to the public.
//!
//! `PGTOKEN_ACCEPT_SURFACE=1` writes the lists anew; then read their difference line by line.
use pgtoken_tests::{Acme, Database, checkout, row, rows, shared};
use std::fs;

/// Everything that belongs to the extension, as one row each: kind, identity, owner, privileges.
const MEMBERS: &str = "
    select 'function' as kind, p.oid::regprocedure::text as name, p.proowner as owner,
           coalesce(p.proacl, acldefault('f', p.proowner)) as acl, 'pg_proc'::regclass as class, p.oid
    from pg_proc as p where p.pronamespace::regnamespace::text like 'pgtoken%'
    union all
    select case c.relkind when 'r' then 'table' when 'v' then 'view' when 'S' then 'sequence' end,
           c.oid::regclass::text, c.relowner, coalesce(c.relacl, acldefault('r', c.relowner)), 'pg_class'::regclass, c.oid
    from pg_class as c where c.relnamespace::regnamespace::text like 'pgtoken%' and c.relkind in ('r', 'v', 'S', 'm', 'p')
    union all
    select 'type', t.oid::regtype::text, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner)), 'pg_type'::regclass, t.oid
    from pg_type as t left join pg_class as c on c.oid = t.typrelid
    where t.typnamespace::regnamespace::text like 'pgtoken%' and t.typelem = 0 and coalesce(c.relkind, 'c') = 'c'
    union all
    select 'schema', n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)), 'pg_namespace'::regclass, n.oid
    from pg_namespace as n where n.nspname like 'pgtoken%'";

/// The public surface with its columns, arguments, defaults and results.
const SURFACE: &str = "
    select 'table ' || c.oid::regclass || ': ' || string_agg(
        a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end,
        ', ' order by a.attnum)
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'pgtoken'::regnamespace and c.relkind = 'r'
    group by c.oid
    union all
    select case c.relkind when 'v' then 'view ' else 'type ' end || c.oid::regclass || ': ' || string_agg(
        a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'pgtoken'::regnamespace and c.relkind in ('v', 'c')
    group by c.oid
    union all
    select 'function ' || p.oid::regproc || '(' || pg_get_function_arguments(p.oid) || ') returns '
        || pg_get_function_result(p.oid) || ' ' || case p.provolatile when 'v' then 'volatile' when 's' then 'stable' else 'immutable' end
    from pg_proc as p where p.pronamespace = 'pgtoken'::regnamespace
    union all
    select 'role ' || rolname || case when rolcanlogin then ' login' else '' end from pg_roles where rolname ~ '^pgtoken_'";

fn privileges() -> String {
    format!(
        "select m.kind || ' ' || m.name || ': ' || case a.grantee when 0 then 'PUBLIC' else a.grantee::regrole::text end
            || ' ' || string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, ' ' order by a.privilege_type)
         from ({MEMBERS}) as m cross join lateral aclexplode(m.acl) as a
         where a.grantee <> m.owner
         group by m.kind, m.name, a.grantee
         union all
         select 'column ' || c.attrelid::regclass || '.' || c.attname || ': ' || c.attacl::text
         from pg_attribute as c join pg_class as r on r.oid = c.attrelid
         where r.relnamespace::regnamespace::text like 'pgtoken%' and c.attacl is not null
         union all
         select 'role ' || member::regrole || ': member of ' || roleid::regrole from pg_auth_members
         where roleid::regrole::text ~ '^pgtoken_' and member::regrole::text ~ '^pgtoken_'"
    )
}

/// Compares what a query gives with a reviewed list.
fn check_list(file: &str, db: &Database<'_>, query: &str) {
    let path = checkout().join("tests/surface").join(file);
    let mut found = rows(&mut db.client(), query);
    found.sort();
    if std::env::var_os("PGTOKEN_ACCEPT_SURFACE").is_some() {
        fs::write(&path, found.join("\n") + "\n").expect("the checkout is writable");
    }
    let list = fs::read_to_string(&path).expect("the list is readable");
    let reviewed: Vec<&str> = list.lines().collect();
    let new: Vec<_> = found
        .iter()
        .filter(|line| !reviewed.contains(&line.as_str()))
        .collect();
    let gone: Vec<_> = reviewed
        .iter()
        .filter(|line| !found.iter().any(|found| found == **line))
        .collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "{file}\nnew: {new:#?}\ngone: {gone:#?}"
    );
}

#[test]
fn public_objects_are_those_of_the_reviewed_list() {
    check_list("objects.txt", &shared().database(), SURFACE);
}

#[test]
fn privileges_are_those_of_the_reviewed_list() {
    check_list("acl.txt", &shared().database(), &privileges());
}

#[test]
fn default_privileges_of_the_installer_leave_no_trace() {
    let db = shared().empty_database();
    let stranger = shared().login(&[]);
    for what in ["tables", "sequences", "functions", "types", "schemas"] {
        for who in ["public", &stranger, "pg_monitor"] {
            db.execute(&format!(
                "alter default privileges grant all on {what} to {who}"
            ));
        }
        db.execute(&format!(
            "alter default privileges grant all on {what} to pg_read_all_data with grant option"
        ));
    }
    db.execute("create extension pgtoken");
    check_list("acl.txt", &db, &privileges());
}

#[test]
fn nothing_is_granted_to_the_public() {
    let mut acme = Acme::new();
    let public = acme.rows(&format!(
        "select m.name, a.privilege_type from ({MEMBERS}) as m cross join lateral aclexplode(m.acl) as a where a.grantee = 0"
    ));
    assert!(public.is_empty(), "{public:#?}");
}

#[test]
fn every_object_is_a_member_of_the_extension() {
    let mut acme = Acme::new();
    let strays = acme.rows(&format!(
        "select m.kind, m.name from ({MEMBERS}) as m
         where m.name <> 'pgtoken' and not exists (
             select from pg_depend as d join pg_extension as e on e.oid = d.refobjid
             where d.classid = m.class and d.objid = m.oid and d.deptype = 'e' and e.extname = 'pgtoken')"
    ));
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn every_object_has_a_comment() {
    let mut acme = Acme::new();
    let mute = acme.rows(&format!(
        "select m.kind, m.name from ({MEMBERS}) as m where obj_description(m.oid, m.class::text) is null
         union all
         select 'index', i.indexrelid::regclass::text from pg_index as i join pg_class as c on c.oid = i.indrelid
         where c.relnamespace::regnamespace::text like 'pgtoken%'
           and not exists (select from pg_constraint where conindid = i.indexrelid)
           and obj_description(i.indexrelid, 'pg_class') is null
         union all
         select 'column', c.oid::regclass || '.' || a.attname from pg_class as c
         join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace = 'pgtoken'::regnamespace and c.relkind in ('r', 'v', 'c')
           and col_description(c.oid, a.attnum) is null
         union all
         select 'role', rolname from pg_roles where rolname ~ '^pgtoken_' and shobj_description(oid, 'pg_authid') is null"
    ));
    assert!(mute.is_empty(), "{mute:#?}");
}

#[test]
fn no_public_argument_or_column_is_a_reserved_word() {
    let mut acme = Acme::new();
    let reserved = acme.rows(
        "with reserved as (select word from pg_get_keywords() where catcode in ('R', 'T'))
         select p.proname, name from pg_proc as p, unnest(p.proargnames) as name
         where p.pronamespace = 'pgtoken'::regnamespace and name in (select word from reserved)
         union all
         select p.proname, '' from pg_proc as p
         where p.pronamespace = 'pgtoken'::regnamespace and p.proname in (select word from reserved)
         union all
         select c.relname, a.attname from pg_attribute as a join pg_class as c on c.oid = a.attrelid
         where c.relnamespace = 'pgtoken'::regnamespace and a.attnum > 0 and a.attname in (select word from reserved)
         union all
         select c.relname, '' from pg_class as c
         where c.relnamespace = 'pgtoken'::regnamespace and c.relname in (select word from reserved)",
    );
    assert!(reserved.is_empty(), "{reserved:#?}");
}

#[test]
fn no_function_is_overloaded_and_every_argument_has_a_name_and_a_default() {
    let mut acme = Acme::new();
    let overloaded = acme.rows(
        "select proname from pg_proc where pronamespace = 'pgtoken'::regnamespace group by proname having count(*) > 1",
    );
    assert!(overloaded.is_empty(), "{overloaded:?}");
    let bare = acme.rows(
        "select proname from pg_proc where pronamespace = 'pgtoken'::regnamespace
           and (pronargdefaults <> pronargs or '' = any (proargnames))",
    );
    assert!(bare.is_empty(), "{bare:?}");
}

#[test]
fn no_result_holds_an_interval_or_void() {
    let mut acme = Acme::new();
    let unreadable = acme.rows(
        "with result as (
             select p.proname, p.prorettype as type from pg_proc as p where p.pronamespace = 'pgtoken'::regnamespace
             union all
             select p.proname, o.type from pg_proc as p, unnest(p.proallargtypes, p.proargmodes) as o (type, mode)
             where p.pronamespace = 'pgtoken'::regnamespace and o.mode in ('o', 't', 'b')
             union all
             select p.proname, a.atttypid from pg_proc as p join pg_type as t on t.oid = p.prorettype
             join pg_attribute as a on a.attrelid = t.typrelid and a.attnum > 0
             where p.pronamespace = 'pgtoken'::regnamespace)
         select proname, type::regtype from result where type in ('interval'::regtype, 'void'::regtype)",
    );
    assert!(unreadable.is_empty(), "{unreadable:?}");
}

#[test]
fn every_definer_function_pins_its_search_path_and_is_listed() {
    let mut acme = Acme::new();
    let definers = acme.rows(
        "select proname, coalesce(array_to_string(proconfig, ';'), '') from pg_proc
         where pronamespace::regnamespace::text like 'pgtoken%' and prosecdef order by proname",
    );
    assert!(definers.len() > 5, "{definers:?}");
    let listed = fs::read_to_string(checkout().join("ARCHITECTURE.md"));
    for definer in definers {
        let (name, configuration) = definer.split_once('|').expect("two columns");
        assert_eq!(configuration, "search_path=pg_catalog, pg_temp", "{name}");
        if let Ok(listed) = &listed {
            assert!(
                listed.contains(name),
                "ARCHITECTURE.md does not list {name}"
            );
        }
    }
}

#[test]
fn every_function_that_runs_statements_pins_its_search_path() {
    let mut acme = Acme::new();
    let loose = acme.rows(
        "select proname from pg_proc
         where pronamespace::regnamespace::text like 'pgtoken%'
           and (proconfig is null or 'search_path=pg_catalog, pg_temp' <> all (proconfig)) and prosqlbody is null
         order by proname",
    );
    // They scan indexes, read the server's memory, or return a constant, and run no statement.
    let expected = [
        "forget_vocabulary",
        "library_version",
        "preloaded",
        "regranting",
        "require_token",
        "usage_stats",
        "uuid_v7",
        "verify_digest",
        "verify_digests",
        "verify_token",
        "verify_tokens",
    ];
    assert_eq!(loose, expected);
}

#[test]
fn dropping_and_creating_it_in_one_connection_works_with_what_the_connection_has_kept() {
    let mut acme = Acme::new();
    let old = acme.issue("'t', 'olga', 'write', 'acme', '{upload}'");
    assert_eq!(acme.verdict(&old, ", 'read', '{upload}'"), "valid");
    acme.rows(
        "select from pgtoken.list_tokens(); drop extension pgtoken; create extension pgtoken",
    );
    assert_eq!(acme.verdict(&old, ""), "not_found");
    acme.rows("insert into pgtoken.app_user (user_id) values ('new')");
    let new = acme.issue("'t', 'new', 'full'");
    assert_eq!(acme.verdict(&new, ", 'write'"), "valid");
    assert_eq!(
        acme.error("select pgtoken.issue_token('t', 'new', permissions => '{upload}')")
            .code,
        "22023"
    );
    assert_eq!(acme.row("select count(*) from pgtoken.list_tokens()"), "1");
    let mut other = acme.db.client();
    assert_eq!(
        row(
            &mut other,
            &format!("select code from pgtoken.verify_token('{}')", new.text)
        ),
        "valid"
    );
}
