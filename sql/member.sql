-- Members: the part of the directory that the vocabulary ranks.

create table pgtoken.member (
    workspace_id text collate "C" not null,
    user_id text collate "C" not null,
    scope text collate "C" not null,
    manages_tokens boolean not null default false,

    constraint member_pkey primary key (workspace_id, user_id),
    -- tokens refer to this key, so that they follow their owner's scope
    constraint member_workspace_id_user_id_scope_key unique (workspace_id, user_id, scope),
    constraint member_workspace_id_fkey foreign key (workspace_id)
        references pgtoken.workspace (workspace_id) on delete cascade,
    constraint member_user_id_fkey foreign key (user_id)
        references pgtoken.app_user (user_id) on delete cascade,
    constraint member_scope_fkey foreign key (scope)
        references pgtoken.scope (name) on delete restrict
);
comment on table pgtoken.member is
    'Who belongs to a workspace, and how much they may do there: no token of theirs does more';
comment on column pgtoken.member.workspace_id is 'The workspace; never changes';
comment on column pgtoken.member.user_id is 'The user; never changes';
comment on column pgtoken.member.scope is 'The highest ladder scope that the user has there';
comment on column pgtoken.member.manages_tokens is
    'Whether the user may list and revoke all tokens of the workspace, and issue for its service users';

create index member_user_id_idx on pgtoken.member (user_id);
comment on index pgtoken.member_user_id_idx is 'The workspaces of a user';

create function pgtoken_internal.check_member()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pgtoken.scope where name = new.scope and rank is not null) then
        raise exception 'scope: "%" is not a scope on the ladder', new.scope
            using errcode = 'invalid_parameter_value',
                  hint = 'select name from pgtoken.scope where rank is not null order by rank';
    end if;
    return new;
end
$$;
comment on function pgtoken_internal.check_member() is
    'Trigger: a member''s scope is a rung of the ladder (22023)';

create trigger member_check
    before insert or update of scope on pgtoken.member
    for each row execute function pgtoken_internal.check_member();

-- Keys never change: tokens and grants hang on them.

create function pgtoken_internal.refuse_new_key()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%: the key of table pgtoken.% never changes', array_to_string(tg_argv, ', '), tg_table_name
        using errcode = 'invalid_parameter_value',
              hint = 'insert a new row and delete the old one';
end
$$;
comment on function pgtoken_internal.refuse_new_key() is
    'Trigger: refuses a change of the key columns named in its arguments (22023)';

create trigger workspace_key
    before update on pgtoken.workspace
    for each row when (new.workspace_id is distinct from old.workspace_id)
    execute function pgtoken_internal.refuse_new_key('workspace_id');
create trigger app_user_key
    before update on pgtoken.app_user
    for each row when (new.user_id is distinct from old.user_id)
    execute function pgtoken_internal.refuse_new_key('user_id');
create trigger member_key
    before update on pgtoken.member
    for each row when ((new.workspace_id, new.user_id) is distinct from (old.workspace_id, old.user_id))
    execute function pgtoken_internal.refuse_new_key('workspace_id', 'user_id');
create trigger target_key
    before update on pgtoken.target
    for each row when (new.target_id is distinct from old.target_id)
    execute function pgtoken_internal.refuse_new_key('target_id');
create trigger zone_key
    before update on pgtoken.zone
    for each row when ((new.target_id, new.zone_id) is distinct from (old.target_id, old.zone_id))
    execute function pgtoken_internal.refuse_new_key('target_id', 'zone_id');
