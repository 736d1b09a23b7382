-- Use of tokens, written in batches from shared memory, never by a verification

create table pgtoken.token_use (
    token_id uuid not null,
    last_used_at timestamptz,
    last_used_addr inet,
    last_denied_at timestamptz,
    last_denied_code text,
    use_count bigint not null default 0,

    constraint token_use_pkey primary key (token_id),
    constraint token_use_token_id_fkey foreign key (token_id)
        references pgtoken.token (id) on delete cascade
) with (fillfactor = 70);
comment on table pgtoken.token_use is
    'Last use of each token; narrow and apart, so that neither verification nor a flush touches the token itself';
comment on column pgtoken.token_use.token_id is 'The token';
comment on column pgtoken.token_use.last_used_at is 'When it last verified';
comment on column pgtoken.token_use.last_used_addr is 'The client address then, where the verifier gave one';
comment on column pgtoken.token_use.last_denied_at is 'When it was last denied';
comment on column pgtoken.token_use.last_denied_code is 'The code of that denial';
comment on column pgtoken.token_use.use_count is 'How often it verified';

create table pgtoken.token_usage (
    token_id uuid not null,
    bucket timestamptz not null,
    allowed bigint not null default 0,
    denied bigint not null default 0,

    constraint token_usage_pkey primary key (token_id, bucket),
    constraint token_usage_token_id_fkey foreign key (token_id)
        references pgtoken.token (id) on delete cascade
);
comment on table pgtoken.token_usage is
    'Use of each token by hour or day (pgtoken.usage_bucket), kept for pgtoken.usage_retention';
comment on column pgtoken.token_usage.token_id is 'The token';
comment on column pgtoken.token_usage.bucket is 'The start of the hour or day, in UTC';
comment on column pgtoken.token_usage.allowed is 'Verifications that were valid';
comment on column pgtoken.token_usage.denied is 'Verifications that were denied';

create index token_usage_bucket_idx on pgtoken.token_usage (bucket);
comment on index pgtoken.token_usage_bucket_idx is 'What retention deletes';

create table pgtoken.verdict_usage (
    bucket timestamptz not null,
    code text not null,
    count bigint not null default 0,

    constraint verdict_usage_pkey primary key (bucket, code)
);
comment on table pgtoken.verdict_usage is
    'Verdicts of the whole database by code and hour or day, those on malformed and unknown tokens too';
comment on column pgtoken.verdict_usage.bucket is 'The start of the hour or day, in UTC';
comment on column pgtoken.verdict_usage.code is 'The code of the verdict';
comment on column pgtoken.verdict_usage.count is 'How many there were';
