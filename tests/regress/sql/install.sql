-- The extension is created, is where it belongs, and leaves nothing behind.
create extension pgtoken;
select nspname from pg_extension join pg_namespace n on n.oid = extnamespace where extname = 'pgtoken';
drop extension pgtoken;
select count(*) from pg_depend where refobjid = to_regnamespace('pgtoken');
create extension pgtoken;
