-- Views: start at pgtoken.tokens

create view pgtoken.token_grant as
select g.token_id,
       g.target_id,
       t.name as target_name,
       z.zone_id,
       z.name as zone_name,
       g.whole
from pgtoken.token_target as g
join pgtoken.target as t on t.target_id = g.target_id
left join pgtoken.token_zone as gz on not g.whole and gz.token_id = g.token_id and gz.target_id = g.target_id
left join pgtoken.zone as z on z.target_id = gz.target_id and z.zone_id = gz.zone_id
where g.whole or z.zone_id is not null;
comment on view pgtoken.token_grant is
    'What confined tokens may act on: a row for each wholly granted target and for each granted zone';
comment on column pgtoken.token_grant.token_id is 'The token';
comment on column pgtoken.token_grant.target_id is 'The target';
comment on column pgtoken.token_grant.target_name is 'Its name';
comment on column pgtoken.token_grant.zone_id is 'The zone; null = the whole target';
comment on column pgtoken.token_grant.zone_name is 'Its name';
comment on column pgtoken.token_grant.whole is 'Whether the whole target is granted, with zones added later too';

create view pgtoken.tokens as
select t.id,
       t.digest_rule,
       t.start,
       t.name,
       t.user_id,
       u.name as user_name,
       u.email as user_email,
       t.workspace_id,
       w.name as workspace_name,
       t.scope,
       t.permissions,
       t.auto_publish,
       t.metadata,
       t.allowed_addrs,
       t.rate_limit,
       extract(epoch from t.rate_window)::integer as rate_window_seconds,
       t.created_at,
       t.created_by,
       t.expires_at,
       t.disabled_at,
       t.disabled_by,
       t.revoked_at,
       t.revoked_by,
       t.revoke_reason,
       t.rotated_from,
       t.request_id,
       case
           when t.revoked_at is not null then 'revoked'
           when t.expires_at <= clock_timestamp() then 'expired'
           when t.disabled_at is not null then 'disabled'
           when not t.owner_enabled then 'suspended'
           when not t.workspace_enabled then 'suspended'
           when t.workspace_id is not null and t.owner_scope is null then 'suspended'
           when s.confined and not exists (select from pgtoken.token_grant as g where g.token_id = t.id) then 'suspended'
           when s.confined and s.member_scope is not null and not exists (
               select from pgtoken.scope as held
               join pgtoken.scope as needed on held.rank >= needed.rank
               where held.name = t.owner_scope and needed.name = s.member_scope
           ) then 'suspended'
           else 'active'
       end as state,
       use.last_used_at,
       use.last_used_addr,
       use.last_denied_at,
       use.last_denied_code,
       coalesce(use.use_count, 0) as use_count,
       coalesce((
           select jsonb_object_agg(g.target_id, g.zones)
           from (
               select g.target_id,
                      case when bool_or(g.whole) then 'true'::jsonb
                           else jsonb_agg(g.zone_id order by g.zone_id)
                      end as zones
               from pgtoken.token_grant as g
               where g.token_id = t.id
               group by g.target_id
           ) as g
       ), '{}') as grants
from pgtoken.token as t
join pgtoken.app_user as u on u.user_id = t.user_id
left join pgtoken.workspace as w on w.workspace_id = t.workspace_id
left join pgtoken.scope as s on s.name = t.scope
left join pgtoken.token_use as use on use.token_id = t.id;
comment on view pgtoken.tokens is
    'Every token with its owner, state, use and grants: the view to start at';
comment on column pgtoken.tokens.id is 'UUID version 7; safe to show, log and put in a URL';
comment on column pgtoken.tokens.digest_rule is 'How its digest was made: sha256';
comment on column pgtoken.tokens.start is 'The first characters of the token text';
comment on column pgtoken.tokens.name is 'What its owner calls it';
comment on column pgtoken.tokens.user_id is 'Its owner';
comment on column pgtoken.tokens.user_name is 'The owner''s name';
comment on column pgtoken.tokens.user_email is 'The owner''s address';
comment on column pgtoken.tokens.workspace_id is 'The workspace it is bound to; null = none';
comment on column pgtoken.tokens.workspace_name is 'The workspace''s name';
comment on column pgtoken.tokens.scope is 'The scope it was given; null = permissions only';
comment on column pgtoken.tokens.permissions is 'The permissions it was given';
comment on column pgtoken.tokens.auto_publish is 'Whether what is done with it is published at once';
comment on column pgtoken.tokens.metadata is 'The application''s own object';
comment on column pgtoken.tokens.allowed_addrs is 'Networks it may be used from; empty = anywhere';
comment on column pgtoken.tokens.rate_limit is 'Verifications allowed in rate_window_seconds; null = no limit';
comment on column pgtoken.tokens.rate_window_seconds is 'The span that rate_limit counts in, in seconds';
comment on column pgtoken.tokens.created_at is 'When it was issued';
comment on column pgtoken.tokens.created_by is 'The actor who issued it';
comment on column pgtoken.tokens.expires_at is 'From when it no longer verifies; null = never';
comment on column pgtoken.tokens.disabled_at is 'Since when it is switched off; null = on';
comment on column pgtoken.tokens.disabled_by is 'The actor who switched it off';
comment on column pgtoken.tokens.revoked_at is 'When it was ended for good; null = not revoked';
comment on column pgtoken.tokens.revoked_by is 'The actor who revoked it';
comment on column pgtoken.tokens.revoke_reason is 'Why it was revoked';
comment on column pgtoken.tokens.rotated_from is 'The token that it replaces';
comment on column pgtoken.tokens.request_id is 'The idempotency key it was issued under';
comment on column pgtoken.tokens.state is
    'The first that holds of: revoked, expired, disabled, suspended (its owner, workspace or grants allow nothing now), active';
comment on column pgtoken.tokens.last_used_at is 'When it last verified; behind by at most pgtoken.flush_interval';
comment on column pgtoken.tokens.last_used_addr is 'The client address then';
comment on column pgtoken.tokens.last_denied_at is 'When it was last denied';
comment on column pgtoken.tokens.last_denied_code is 'The code of that denial';
comment on column pgtoken.tokens.use_count is 'How often it verified; behind by at most pgtoken.flush_interval';
comment on column pgtoken.tokens.grants is
    'What a confined token may act on: {"target": ["zone", …]}, or true in place of the list for the whole target';
