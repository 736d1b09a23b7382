//! Objects that shadow those of the system and of pgtoken, for whoever trusts a search_path.
use crate::query::rows;
use postgres::Client;

/// For every function and operator of pg_catalog that takes and gives plain types, one of the same name and
/// arguments in SCHEMA, which fails with XXHIJ.
const SHADOWS: &str = r#"
do $do$
declare
    shadowed record;
begin
    for shadowed in
        select p.proname, pg_get_function_identity_arguments(p.oid) as arguments, format_type(p.prorettype, null) as result
        from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f' and not p.proretset
          and p.prorettype::regtype::text not in ('internal', 'trigger', 'event_trigger', 'cstring', 'record')
          and p.provariadic = 0
          and not exists (
              select from unnest(p.proargtypes || p.prorettype) as a (type) join pg_type as t on t.oid = a.type
              where t.typtype = 'p' and t.typname not in ('anyelement', 'anyarray', 'anynonarray', 'any', 'void'))
          and not (p.prorettype in (select oid from pg_type where typname ~ '^any') and p.pronargs = 0)
          and p.proname !~ '^(RI_|binary_upgrade)'
    loop
        begin
            execute format(
                'create function SCHEMA.%I(%s) returns %s language plpgsql as %L',
                shadowed.proname, shadowed.arguments, shadowed.result,
                'begin raise exception ''hijacked by ' || quote_ident(shadowed.proname) || ''' using errcode = ''XXHIJ''; end');
        exception when others then null;
        end;
    end loop;
    for shadowed in
        select o.oprname, o.oprleft::regtype as l, o.oprright::regtype as r, o.oprresult::regtype as result, o.oid
        from pg_operator as o
        where o.oprnamespace = 'pg_catalog'::regnamespace and o.oprkind = 'b' and o.oprresult <> 0
          and not exists (select from pg_type where oid in (o.oprleft, o.oprright, o.oprresult) and typtype = 'p')
    loop
        execute format(
            'create function SCHEMA.%I(%s, %s) returns %s language plpgsql as %L',
            'operator_' || shadowed.oid, shadowed.l, shadowed.r, shadowed.result,
            'begin raise exception ''hijacked by operator'' using errcode = ''XXHIJ''; end');
        execute format(
            'create operator SCHEMA.%s (leftarg = %s, rightarg = %s, function = SCHEMA.%I)',
            shadowed.oprname, shadowed.l, shadowed.r, 'operator_' || shadowed.oid);
    end loop;
end $do$;
"#;

/// Tables, types and an aggregate that shadow pgtoken's and the system's, in SCHEMA.
const MORE_SHADOWS: &str = r#"
do $do$
declare
    shadowed record;
begin
    for shadowed in
        select relname from pg_class where relnamespace in ('pgtoken'::regnamespace, 'pg_catalog'::regnamespace) and relkind in ('r', 'v')
          and relname in (select relname from pg_class where relnamespace = 'pgtoken'::regnamespace
                          union values ('pg_class'), ('pg_roles'), ('pg_namespace'), ('pg_proc'))
    loop
        execute format('create table SCHEMA.%I (nothing int)', shadowed.relname);
        execute format('grant all on SCHEMA.%I to public', shadowed.relname);
    end loop;
end $do$;
create domain SCHEMA.text as pg_catalog.int4;
create domain SCHEMA.uuid as pg_catalog.int4;
create domain SCHEMA.jsonb as pg_catalog.int4;
create domain SCHEMA.bool as pg_catalog.int4;
create type SCHEMA.verdict as (a pg_catalog.int4);
create aggregate SCHEMA.count(*) (sfunc = SCHEMA.int8inc, stype = pg_catalog.int8);
"#;

/// Creates a schema, usable by all, of shadows that fail with XXHIJ when they are called.
#[track_caller]
pub fn cast(client: &mut Client, schema: &str) {
    let shadows = format!("{SHADOWS}{MORE_SHADOWS}").replace("SCHEMA", schema);
    rows(
        client,
        &format!(
            "create schema {schema}; grant usage, create on schema {schema} to public; {shadows}"
        ),
    );
}

/// Creates temporary tables, functions and types of the names that pgtoken uses.
#[track_caller]
pub fn cast_temporarily(client: &mut Client) {
    for name in [
        "token",
        "tokens",
        "app_user",
        "member",
        "scope",
        "token_target",
        "pg_class",
        "pg_roles",
    ] {
        client
            .batch_execute(&format!("create temp table {name} (nothing int)"))
            .expect("create");
    }
    client
        .batch_execute(
            "create function pg_temp.lower(text) returns text language sql as 'select (1/0)::text';
             create function pg_temp.sha256(bytea) returns bytea language sql as 'select null::bytea';
             create domain pg_temp.jsonb as int; create domain pg_temp.uuid as int",
        )
        .expect("create");
}
