-- Video vault: an administrator issues tokens with typed permissions; there are no scopes and no workspaces.
--
-- Run it with psql, as a member of pgtoken_admin, in a database where pgtoken is installed:
--     psql -X -f sql/examples/video_vault.sql
-- Run it once. A second run stops at its first statement, because the users are there, and changes nothing.
-- To start over: delete from pgtoken.app_user where user_id like 'vault-%'; their tokens go with them.

\set ON_ERROR_STOP on

-- 1. Who exists. Your application keeps this table in step with its own users, by plain DML.

insert into pgtoken.app_user (user_id, name, email)
values ('vault-ada', 'Ada Byron', 'ada@vault.example'),
       ('vault-ben', 'Ben Okri', 'ben@vault.example');

-- 2. What a token can be allowed. Nothing else can be given. member_scope stays null: only an administrator gives it,
--    and without workspaces there is no member's scope that it could depend on.

insert into pgtoken.permission (name, description)
values ('issue_view', 'Make a link to watch a video'),
       ('upload', 'Add a video')
on conflict (name) do nothing;

-- 3. New tokens look like pv_live_…: a database that issues only such tokens says so once.
--     alter database vault set pgtoken.prefix = 'pv_live';
-- Here it is said for this connection.

set pgtoken.prefix = 'pv_live';

-- 4. The tokens that are there already move in by the SHA-256 of their text, which the old system stored in
--    hexadecimal. Dead ones come too, so that the list stays complete.

create temporary table old_token (
    hash text,
    user_id text,
    name text,
    start text,
    permissions text[],
    created_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

insert into old_token
values ('09cb75c5111bd905bfd0abb8b2a360b809116376a5181dff61539e92980c0cdd', 'vault-ben', 'Nightly uploader',
        'pv_live_exampl', '{upload}', '2024-03-01 09:00+00', null, '2024-06-30 02:00+00'),
       (encode(sha256('pv_live_example_of_a_dead_token'), 'hex'), 'vault-ben', 'Lost laptop',
        'pv_live_exampl', '{upload}', '2024-01-15 09:00+00', '2024-02-01 09:00+00', null);

select i.name, i.start, i.permissions, i.state, i.last_used_at::date
from old_token as o
cross join lateral pgtoken.import_token(
    digest       => decode(o.hash, 'hex'),
    user_id      => o.user_id,
    name         => o.name,
    start        => o.start,
    scope        => null,
    permissions  => o.permissions,
    created_at   => o.created_at,
    created_by   => 'old vault',
    revoked_at   => o.revoked_at,
    last_used_at => o.last_used_at,
    actor        => 'admin@vault.example'
) as i;

-- Their holders notice nothing: the same text is still the token. A digest that is known is not imported again.

select valid, code, user_id, permissions
from pgtoken.verify_token('pv_live_example_of_an_old_token', permissions => '{upload}');

select valid, code
from pgtoken.verify_token('pv_live_example_of_a_dead_token', permissions => '{upload}');

-- 5. The admin page: choose a user …

select user_id, name, email, live_tokens
from pgtoken.list_users(search => 'vault-');

-- … and issue. scope null = permissions only. The text is in this one result and nowhere else: show it to the user now.

select token as view_token, id as view_id
from pgtoken.issue_token(
    'Embedding on the website', 'vault-ada',
    scope       => null,
    permissions => '{issue_view}',
    ttl         => '90 days',
    actor       => 'admin@vault.example'
)
\gset

-- A permission that is not on the list is refused, and nothing is written.

create function pg_temp.refusal(statement text)
returns text
language plpgsql
as $$
begin
    execute statement;
    return 'not refused';
exception
    when others then return sqlstate || ' ' || sqlerrm;
end
$$;

select pg_temp.refusal($$
    select pgtoken.issue_token('Too much', 'vault-ada', scope => null, permissions => '{issue_view,delete}')
$$);

-- 6. Verify, on every request: one index probe, no write, never stale. All permissions asked are needed.

select valid, code, status, user_id, scope, permissions
from pgtoken.verify_token(:'view_token', permissions => '{issue_view}');

select valid, code, status
from pgtoken.verify_token(:'view_token', permissions => '{issue_view,upload}');

-- A token without scope satisfies none.

select valid, code, status
from pgtoken.verify_token(:'view_token', scope => 'read');

-- 7. The admin page again: who has which tokens? The view has last_used_at and use_count, too;
--    a use shows there within a second (pgtoken.flush_interval).

select name, user_name, start, permissions, state, expires_at::date
from pgtoken.tokens
where user_id like 'vault-%'
order by created_at;

-- 8. Revoke, softly: the row stays, with who did it and why. The next verification says no.

select name, state, revoked_by, revoke_reason
from pgtoken.revoke_token(:'view_id', reason => 'the website was redone', actor => 'admin@vault.example');

select valid, code, status
from pgtoken.verify_token(:'view_token', permissions => '{issue_view}');

-- 9. What happened, for the auditor, newest first.

select kind, token_name, user_id, actor
from pgtoken.list_events(user_id => 'vault-ada');

drop function pg_temp.refusal;
drop table old_token;
reset pgtoken.prefix;
