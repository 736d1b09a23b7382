-- What every token is asked, before and after: the answers are compared line by line.
select concat_ws(' ', s.name, row (q.*), v)
from unnest($1::text[], $2::text[]) as s (name, token)
cross join (
    values
        (null, null, null, null, null, null::inet),
        ('read', null, null, null, null, '10.1.2.3'),
        ('write', null, 'acme', null, null, '10.1.2.3'),
        ('full', null, null, null, null, null),
        ('editor', null, null, null, null, '2001:db8::1'),
        ('owner', null, null, null, null, null),
        ('guest', null, 'zürich', null, null, null),
        ('billing', null, null, null, null, null),
        ('support', null, null, null, null, null),
        ('contractor', null, null, 'windows', 'ticker', null),
        ('courier', null, null, null, null, null),
        ('agency', null, 'acme', 'windows', null, null),
        ('agency', null, null, 'lobby', null, null),
        (null, '{upload}', null, null, null, '10.1.2.3'),
        (null, '{publish,issue_view}', null, null, null, null),
        (null, null, 'closed', null, null, null),
        (null, null, null, 'windows', 'main', '10.1.2.3'),
        (null, null, null, 'windows', 'none', null),
        (null, null, null, 'lobby', 'left', null),
        (null, null, null, 'yard', null, null),
        (null, null, null, 'yard', 'only', null),
        (null, null, null, 'rathaus', null, null)
) as q (scope, permissions, workspace_id, target, zone, client_addr)
cross join lateral pgtoken.verify_token(
    s.token, q.scope, q.permissions::text[], q.workspace_id, q.target, q.zone, q.client_addr, consume => false
) as v
order by 1
