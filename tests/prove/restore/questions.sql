-- $1 names, $2 tokens, $3 workspaces, $4 targets and $5 zones, side by side: a verdict for every question.
-- Without metadata, which restored tables are compared for.
select s.name || ' asked ' || q::text as question, v.code,
       (v.valid, v.status, v.token_id, v.user_id, v.workspace_id, v.scope, v.permissions, v.target, v.zone, v.auto_publish,
        v.expires_at)::text
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as s (name, token, workspace_id, target_id, zone_id)
cross join lateral (
    values
        (null, null::text[], null, null, null, null::inet),
        ('read', null, null, null, null, '10.1.2.3'),
        ('write', null, s.workspace_id, null, null, '192.168.4.5'),
        ('full', null, 'w1', null, null, null),
        ('editor', null, null, null, null, null),
        ('billing', null, null, null, null, null),
        ('support', null, null, null, null, null),
        (null, '{upload}', null, null, null, '10.1.2.3'),
        (null, '{publish,issue_view}', s.workspace_id, null, null, null),
        ('courier', null, null, s.target_id, null, null),
        (null, null, null, s.target_id, s.zone_id, '10.1.2.3'),
        (null, null, null, 'w1t1', null, null)
) as q (scope, permissions, workspace_id, target, zone, client_addr)
cross join lateral pgtoken.verify_token(
    s.token, q.scope, q.permissions, q.workspace_id, q.target, q.zone, q.client_addr, consume => false
) as v
order by 1
