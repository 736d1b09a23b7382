-- Sign-in to the admin page

create table pgtoken.sign_in (
    id uuid not null,
    kind text not null,
    at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,

    constraint sign_in_pkey primary key (id),
    -- what can be used up
    constraint sign_in_kind_check check (kind in ('link', 'session'))
);
comment on table pgtoken.sign_in is
    'One-time links that were used and sessions that were ended, so that every facade refuses them; rows past expires_at can go';
comment on column pgtoken.sign_in.id is 'The id that the signed link or session carries';
comment on column pgtoken.sign_in.kind is 'link or session';
comment on column pgtoken.sign_in.at is 'When it was used or ended';
comment on column pgtoken.sign_in.expires_at is 'From when its signature is refused anyway';
