-- The extension is created, is where it belongs, and leaves nothing behind.
create extension pgtoken;
select nspname from pg_extension join pg_namespace n on n.oid = extnamespace where extname = 'pgtoken';
drop extension pgtoken;
select count(*) from pg_depend where refobjid = to_regnamespace('pgtoken');
create extension pgtoken;

-- Its tables and views.
select relname, relkind from pg_class where relnamespace = 'pgtoken'::regnamespace and relkind in ('r', 'v') order by relname;

-- Its roles cannot log in; an administrator is each of the others.
select rolname, rolcanlogin, rolsuper from pg_roles where rolname ~ '^pgtoken_(verifier|issuer|directory|auditor|admin)$' order by rolname;
select rolname, pg_has_role('pgtoken_admin', oid, 'usage') as admin_is
from pg_roles where rolname ~ '^pgtoken_(verifier|issuer|directory|auditor)$' order by rolname;

-- The library is preloaded: without it, this would be an error that says which line to add to postgresql.conf.
select code from pgtoken.verify_token('');
