-- Ending and replacing tokens.
\set SHOW_CONTEXT never
insert into pgtoken.app_user (user_id) values ('rr-ada');
select token, id from pgtoken.issue_token('Plain', 'rr-ada') \gset

-- Revoked for good, from the next statement on; the first reason and time stay.
select state, revoked_by, revoke_reason from pgtoken.revoke_token(:'id', 'laptop lost', actor => 'dba');
select valid, code, status from pgtoken.verify_token(:'token');
select state, revoked_by, revoke_reason from pgtoken.revoke_token(:'id', 'again', actor => 'somebody else');
select pgtoken.revoke_token('00000000-0000-0000-0000-000000000000');

-- Who holds the text may end it.
select token from pgtoken.issue_token('Found', 'rr-ada') \gset found_
select name, state, revoke_reason from pgtoken.revoke_secret(:'found_token', 'in a public repository');
select count(*) from pgtoken.revoke_secret('no such token');

-- Many at once: look first.
select id from pgtoken.issue_token('One', 'rr-ada') \gset one_
select id from pgtoken.issue_token('Two', 'rr-ada') \gset two_
select count(*) from pgtoken.revoke_tokens(user_id => 'rr-ada', dry_run => true);
select count(*) from pgtoken.revoke_tokens(user_id => 'rr-ada', reason => 'left');
select count(*) from pgtoken.revoke_tokens(user_id => 'rr-ada', reason => 'left');
select pgtoken.revoke_tokens(reason => 'everything?');

-- Rotation: a successor with everything that the token has, and perhaps a while of overlap.
select token, id from pgtoken.issue_token('Job', 'rr-ada', metadata => '{"job": 7}', expires_at => '2999-01-01') \gset job_
select token, id, rotated_from = :'job_id' as successor, name, metadata from pgtoken.rotate_token(:'job_id', overlap => '1 hour') \gset next_
select :'next_successor' as successor, :'next_name' as name, :'next_metadata' as metadata;
select code from pgtoken.verify_token(:'job_token');
select code from pgtoken.verify_token(:'next_token');
select expires_at < now() + interval '2 hours' as ends_soon from pgtoken.tokens where id = :'job_id';
select expires_at = '2999-01-01' as ends_as_before from pgtoken.tokens where id = :'next_id';

-- Without overlap the old one ends at once.
select state from pgtoken.rotate_token(:'next_id');
select state, revoke_reason from pgtoken.tokens where id = :'next_id';
do $$
begin
    perform pgtoken.rotate_token(id) from pgtoken.tokens where name = 'Found';
exception
    when object_not_in_prerequisite_state then raise notice '%: what has ended is not rotated', sqlstate;
end
$$;

-- Purged, in the end; the events stay.
select pgtoken.purge_tokens(now() - interval '1 year');
select pgtoken.purge_tokens(clock_timestamp(), max_rows => 2);
select pgtoken.purge_tokens(clock_timestamp());
select count(*) from pgtoken.event where user_id = 'rr-ada' and kind = 'deleted';
select name, state from pgtoken.tokens where user_id = 'rr-ada';
