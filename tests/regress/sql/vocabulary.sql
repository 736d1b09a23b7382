-- Scopes and permissions: the words that tokens are made of.
\set SHOW_CONTEXT never
select name, rank, confined, member_scope from pgtoken.scope order by rank, name;

-- A rung of one's own goes between or above the shipped ones, and words off the ladder lean on a rung.
insert into pgtoken.scope (name, rank, description) values ('owner', 10, 'Full, and the contract');
insert into pgtoken.scope (name, member_scope) values ('billing', 'owner');
insert into pgtoken.scope (name, confined, member_scope) values ('kiosk', true, 'read');
insert into pgtoken.permission (name, member_scope) values ('export', 'write'), ('refund', null);

-- The shipped words stay as they are, and no name changes.
update pgtoken.scope set rank = 4 where name = 'full';
delete from pgtoken.scope where name = 'agency';
update pgtoken.scope set name = 'holder' where name = 'owner';
update pgtoken.permission set name = 'exports' where name = 'export';

-- No two rungs are level, a rung is not confined, and only a rung can be what members must hold.
insert into pgtoken.scope (name, rank) values ('chief', 10);
insert into pgtoken.scope (name, rank, confined) values ('chief', 11, true);
insert into pgtoken.scope (name, member_scope) values ('invoices', 'billing');
insert into pgtoken.permission (name, member_scope) values ('invoices', 'billing');

-- What is used stays and keeps its kind.
delete from pgtoken.scope where name = 'owner';
update pgtoken.scope set rank = null where name = 'owner';

-- Other changes are free.
update pgtoken.scope set rank = 12 where name = 'owner' returning rank;
delete from pgtoken.permission where name = 'refund' returning name;

-- A word fits into a list separated by spaces.
insert into pgtoken.permission (name) values ('two words');
