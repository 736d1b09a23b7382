-- Video vault: an administrator issues tokens with typed permissions; there are no workspaces.
--
-- Run it with psql, as a member of pgtoken_admin, in a database where pgtoken is installed:
--     psql -v ON_ERROR_STOP=1 -f sql/examples/video_vault.sql

\set ON_ERROR_STOP on

-- 1. Who exists. Your application keeps this table in step with its own users, by plain DML.

insert into pgtoken.app_user (user_id, name, email)
values ('vault-ada', 'Ada Byron', 'ada@vault.example'),
       ('vault-ben', 'Ben Okri', 'ben@vault.example');

-- 2. What a token can be allowed. Only what stands here can be given; member_scope null = by an administrator.

insert into pgtoken.permission (name, description)
values ('issue_view', 'Make a link to watch a video'),
       ('upload', 'Add a video');

-- 3. New tokens look like pv_live_…: a database that issues only such tokens says so once.
--     alter database vault set pgtoken.prefix = 'pv_live';
-- Here it is said for this connection.

set pgtoken.prefix = 'pv_live';

-- 4. The tokens that are there already move in by the SHA-256 of their text, as the old system stored it.
--    Their holders notice nothing. Running it again changes nothing. (This is the SHA-256 of pv_live_example_of_an_old_token.)

select id, name, start, state
from pgtoken.import_token(
    digest      => decode('09cb75c5111bd905bfd0abb8b2a360b809116376a5181dff61539e92980c0cdd', 'hex'),
    user_id     => 'vault-ben',
    name        => 'Nightly uploader (from the old vault)',
    start       => 'pv_live_exampl',
    scope       => null,
    permissions => '{upload}',
    created_at  => '2024-03-01 09:00+00',
    created_by  => 'old vault'
);

-- 5. Issue. scope null = permissions only. The text is in this one result and nowhere else.

select token as view_token, id as view_id
from pgtoken.issue_token(
    'Embedding on the website', 'vault-ada',
    scope       => null,
    permissions => '{issue_view}',
    ttl         => '90 days',
    actor       => 'admin@vault.example'
)
\gset

-- 6. Verify, on every request: one index probe, no write, never stale.

select valid, code, status, user_id, permissions
from pgtoken.verify_token(:'view_token', permissions => '{issue_view}');

select valid, code, status
from pgtoken.verify_token(:'view_token', permissions => '{issue_view,upload}');

-- 7. Who has which tokens? Last use is there within a second (pgtoken.flush_interval).

select name, user_name, start, permissions, state, expires_at::date, last_used_at is not null as used
from pgtoken.tokens
where user_id like 'vault-%'
order by created_at;

-- 8. Revoke. The row stays, with who did it and why; the next verification says no.

select name, state, revoked_by, revoke_reason
from pgtoken.revoke_token(:'view_id', reason => 'the website was redone', actor => 'admin@vault.example');

select valid, code, status
from pgtoken.verify_token(:'view_token');

-- 9. What happened, for the auditor.

select kind, token_name, user_id, actor
from pgtoken.list_events(user_id => 'vault-ada');

reset pgtoken.prefix;
