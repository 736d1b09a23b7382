-- A token is issued once, and verified ever after.
\set SHOW_CONTEXT never
set pgtoken.prefix = 'demo';
insert into pgtoken.workspace (workspace_id) values ('iv-acme');
insert into pgtoken.app_user (user_id, name) values ('iv-ada', 'Ada');
insert into pgtoken.member (workspace_id, user_id, scope) values ('iv-acme', 'iv-ada', 'full');
insert into pgtoken.permission (name) values ('iv-upload');

-- The text is in this one result and nowhere else: a prefix, an underscore, 49 letters and digits.
select token, id from pgtoken.issue_token('A script', 'iv-ada', 'write', 'iv-acme', '{iv-upload}', actor => 'dba') \gset
select :'token' ~ '^demo_[0-9A-Za-z]{49}$' as shape, left(:'token', 11) = start as start, digest_rule
from pgtoken.tokens where id = :'id';
select name, user_name, workspace_id, scope, permissions, state, created_by, use_count from pgtoken.tokens where id = :'id';

-- One row for every question; a requirement that is not stated is not asked.
select valid, code, status, user_id, workspace_id, scope, permissions from pgtoken.verify_token(:'token');
select valid, code from pgtoken.verify_token(:'token', scope => 'read', permissions => '{iv-upload}', workspace_id => 'iv-acme');
select valid, code from pgtoken.verify_token(:'token', scope => 'full');
select valid, code from pgtoken.verify_token(:'token', scope => 'no such scope');
select valid, code from pgtoken.verify_token(:'token', permissions => '{iv-upload,delete}');
select valid, code, token_id from pgtoken.verify_token(:'token', workspace_id => 'elsewhere');

-- An empty string is a value that matches nothing.
select valid, code from pgtoken.verify_token(:'token', scope => '');
select valid, code from pgtoken.verify_token(:'token', workspace_id => '');

-- Never an error for bad input. A text of our own shape with another checksum is not even looked up.
select valid, code, status from pgtoken.verify_token(null);
select valid, code, status from pgtoken.verify_token('never seen');
select valid, code, status from pgtoken.verify_token('pgt_' || repeat('0', 49));
select valid, code, status from pgtoken.verify_token(repeat('x', 1000000));

-- By digest, so that the secret stays away from the server; and many at once.
select valid, code from pgtoken.verify_digest(sha256(:'token'), scope => 'write');
select n, valid, code from pgtoken.verify_tokens(array['x', :'token', :'token'], scopes => '{read,read,full}');
select n from pgtoken.verify_tokens(array['x', 'y'], scopes => '{read}');

-- require_token raises instead; inspect_token says what it is, and nothing of what it may.
select user_id from pgtoken.require_token(:'token', scope => 'write');
select user_id from pgtoken.require_token('x');
select name, state from pgtoken.inspect_token(:'token');
select count(*) from pgtoken.inspect_token('x');

-- Networks and rate.
select token as office from pgtoken.issue_token('Office', 'iv-ada', allowed_addrs => '{10.0.0.0/8}') \gset
select code from pgtoken.verify_token(:'office', client_addr => '10.1.2.3');
select code from pgtoken.verify_token(:'office', client_addr => '192.0.2.1');
select code from pgtoken.verify_token(:'office');
select token as slow from pgtoken.issue_token('Slow', 'iv-ada', rate_limit => 2, rate_window => '1 day') \gset
select code from pgtoken.verify_token(:'slow', consume => false);
select code from pgtoken.verify_token(:'slow');
select code from pgtoken.verify_token(:'slow');
select code, status, retry_after > 0 as later from pgtoken.verify_token(:'slow');

-- Nothing is written when anything is wrong, and the message says what.
select pgtoken.issue_token('', 'iv-ada');
select pgtoken.issue_token('x', 'nobody');
select pgtoken.issue_token('x', 'iv-ada', 'superb');
select pgtoken.issue_token('x', 'iv-ada', permissions => '{fly}');
select pgtoken.issue_token('x', 'iv-ada', 'read', 'nowhere');
select pgtoken.issue_token('x', 'iv-ada', ttl => '1 day', expires_at => 'infinity');
select pgtoken.issue_token('x', 'iv-ada', metadata => '[]');
select pgtoken.issue_token('x', 'iv-ada', prefix => 'Big');
select count(*) from pgtoken.tokens where user_id = 'iv-ada' and name = 'x';

-- The same request again issues nothing.
select id as first_id from pgtoken.issue_token('Once', 'iv-ada', request_id => 'form-1') \gset
select token is null as known, id = :'first_id' as same from pgtoken.issue_token('Once', 'iv-ada', request_id => 'form-1');
select pgtoken.issue_token('Other', 'iv-ada', request_id => 'form-1');

-- Tokens of another system move in by their SHA-256.
select name, state, created_by from pgtoken.import_token(sha256('old-1'), 'iv-ada', 'Old one', created_by => 'old system');
select valid, code, scope from pgtoken.verify_token('old-1');
select count(*) from pgtoken.import_token(sha256('old-1'), 'iv-ada', 'Old one again');
select count(*) from pgtoken.tokens where name ~ 'Old one';
