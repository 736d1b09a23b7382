-- Vocabulary: the words that tokens and requirements are made of.

create table pgtoken.scope (
    name text collate "C" not null,
    rank smallint,
    confined boolean not null default false,
    member_scope text collate "C",
    description text,

    constraint scope_pkey primary key (name),
    -- no two rungs of the ladder are level
    constraint scope_rank_key unique (rank),
    -- a scope-token of RFC 6749, section 3.3: printable ASCII without space, double quote and backslash
    constraint scope_name_check check (name ~ '^[\x21\x23-\x5b\x5d-\x7e]{1,63}$'),
    -- rungs are counted from one
    constraint scope_rank_check check (rank > 0),
    -- a confined scope is off the ladder: it is worth what its grants say
    constraint scope_confined_check check (not confined or rank is null),
    -- a rung needs no other rung: the owner's own decides
    constraint scope_member_scope_check check (rank is null or member_scope is null)
);
comment on table pgtoken.scope is
    'What a token may do. Scopes with a rank form a ladder, each including those below; the others match only themselves';
comment on column pgtoken.scope.name is 'The word: 1 to 63 printable ASCII characters without space, double quote and backslash (RFC 6749, section 3.3)';
comment on column pgtoken.scope.rank is 'Place on the ladder, higher includes lower; null = off the ladder';
comment on column pgtoken.scope.confined is 'Whether a token of this scope acts only on the targets granted to it';
comment on column pgtoken.scope.member_scope is
    'Off the ladder: the ladder scope that the owner must hold in the workspace; null = only an administrator issues it';
comment on column pgtoken.scope.description is 'Plain words for the people who choose it';

create table pgtoken.permission (
    name text collate "C" not null,
    member_scope text collate "C",
    description text,

    constraint permission_pkey primary key (name),
    constraint permission_member_scope_fkey foreign key (member_scope)
        references pgtoken.scope (name) on delete restrict,
    -- a scope-token of RFC 6749, section 3.3: lists of them are separated by spaces
    constraint permission_name_check check (name ~ '^[\x21\x23-\x5b\x5d-\x7e]{1,63}$')
);
comment on table pgtoken.permission is
    'The allow-list of permissions, words of the application''s own beside the scope; empty until you fill it';
comment on column pgtoken.permission.name is 'The word: 1 to 63 printable ASCII characters without space, double quote and backslash (RFC 6749, section 3.3)';
comment on column pgtoken.permission.member_scope is
    'The ladder scope that the owner must hold for it to be issued and to count; null = only an administrator gives it, and it always counts';
comment on column pgtoken.permission.description is 'Plain words for the people who choose it';

-- Shipped words

insert into pgtoken.scope (name, rank, confined, member_scope, description)
values ('read', 1, false, null, 'Look at everything in the workspace'),
       ('write', 2, false, null, 'Look and change'),
       ('full', 3, false, null, 'Everything that the owner may do'),
       ('agency', null, true, 'write', 'Change only the targets granted to it, for example by an outside agency');

-- Rules of the vocabulary

create function pgtoken_internal.check_scope()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op <> 'INSERT' and old.name in ('read', 'write', 'full', 'agency') then
        raise exception 'name: scope "%" is shipped with pgtoken and cannot be changed or deleted', old.name
            using errcode = 'invalid_parameter_value',
                  hint = 'add a scope of your own: insert into pgtoken.scope (name, rank) values (…)';
    end if;

    if tg_op = 'UPDATE' and new.name <> old.name then
        raise exception 'name: scope "%" cannot be renamed to "%"', old.name, new.name
            using errcode = 'invalid_parameter_value';
    end if;

    -- A token that is issued meanwhile cannot be seen here. A rung that became no rung would leave it with nothing,
    -- a confined scope that became unconfined would open the whole workspace to it.
    if tg_op = 'UPDATE' and ((new.rank is null) <> (old.rank is null) or new.confined <> old.confined) then
        raise exception 'name: scope "%" stays % and %', old.name,
            case when old.rank is null then 'off the ladder' else 'on the ladder' end,
            case when old.confined then 'confined' else 'unconfined' end
            using errcode = 'invalid_parameter_value',
                  hint = 'insert into pgtoken.scope (name, rank, confined) values (…)';
    end if;

    if tg_op = 'DELETE'
       and (exists (select from pgtoken.member where scope = old.name)
            or exists (select from pgtoken.token where scope = old.name)
            or exists (select from pgtoken.scope where member_scope = old.name)
            or exists (select from pgtoken.permission where member_scope = old.name))
    then
        raise exception 'name: scope "%" is used by a token, a member, a permission or another scope', old.name
            using errcode = 'invalid_parameter_value',
                  hint = 'select * from pgtoken.tokens where scope = ' || quote_literal(old.name);
    end if;

    return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function pgtoken_internal.check_scope() is
    'Trigger: shipped scopes stay, names and kinds never change, what is used is not deleted (22023)';

create function pgtoken_internal.check_member_scope()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from pgtoken.scope where name = new.member_scope and rank is not null) then
        raise exception 'member_scope: "%" is not a scope on the ladder', new.member_scope
            using errcode = 'invalid_parameter_value',
                  hint = 'select name from pgtoken.scope where rank is not null order by rank';
    end if;
    return null;
end
$$;
comment on function pgtoken_internal.check_member_scope() is
    'Trigger, after the statement''s rows are in so that their order is free: member_scope is a rung of the ladder (22023)';

create function pgtoken_internal.check_permission()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and new.name <> old.name then
        raise exception 'name: permission "%" cannot be renamed to "%"', old.name, new.name
            using errcode = 'invalid_parameter_value';
    end if;

    if tg_op = 'DELETE' and exists (select from pgtoken.token where permissions @> array[old.name]) then
        raise exception 'name: permission "%" is used by a token', old.name
            using errcode = 'invalid_parameter_value',
                  hint = 'select * from pgtoken.tokens where permissions @> array[' || quote_literal(old.name) || ']';
    end if;

    return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function pgtoken_internal.check_permission() is
    'Trigger: a permission is never renamed, and not deleted while a token has it (22023)';

create function pgtoken_internal.refuse_truncate()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%: cannot be truncated, since tokens and members use its words', tg_table_name
        using errcode = 'invalid_parameter_value',
              hint = format('delete from pgtoken.%I where name = …', tg_table_name);
end
$$;
comment on function pgtoken_internal.refuse_truncate() is
    'Trigger: words that may be in use go one by one (22023)';

create function pgtoken_internal.forget_vocabulary()
returns trigger
language c
as 'MODULE_PATHNAME', 'forget_vocabulary_wrapper';
comment on function pgtoken_internal.forget_vocabulary() is
    'Trigger: tells every backend, at commit, to read the vocabulary anew (a relation-cache invalidation)';

create trigger scope_check
    before insert or update or delete on pgtoken.scope
    for each row execute function pgtoken_internal.check_scope();
create trigger scope_check_member_scope
    after insert or update on pgtoken.scope
    for each row when (new.member_scope is not null)
    execute function pgtoken_internal.check_member_scope();
create trigger scope_keep
    before truncate on pgtoken.scope
    for each statement execute function pgtoken_internal.refuse_truncate();
-- for each row, since logical replication fires no others
create trigger scope_forget
    after insert or update or delete on pgtoken.scope
    for each row execute function pgtoken_internal.forget_vocabulary();

create trigger permission_check
    before insert or update or delete on pgtoken.permission
    for each row execute function pgtoken_internal.check_permission();
create trigger permission_check_member_scope
    after insert or update on pgtoken.permission
    for each row when (new.member_scope is not null)
    execute function pgtoken_internal.check_member_scope();
create trigger permission_keep
    before truncate on pgtoken.permission
    for each statement execute function pgtoken_internal.refuse_truncate();
create trigger permission_forget
    after insert or update or delete on pgtoken.permission
    for each row execute function pgtoken_internal.forget_vocabulary();
