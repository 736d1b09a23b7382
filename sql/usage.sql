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
) with (fillfactor = 50);
-- room on each page: with less, a flush writes twice as much
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
    -- by way of the last use, so that a new hour leaves the token's own row alone
    constraint token_usage_token_id_fkey foreign key (token_id)
        references pgtoken.token_use (token_id) on delete cascade
) with (fillfactor = 50);
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

create function pgtoken_internal.usage_stats()
returns table (
    slots integer,
    used integer,
    pending integer,
    bytes bigint,
    uncounted bigint,
    refused bigint,
    reclaimed bigint,
    dropped bigint,
    flushes bigint,
    flush_errors bigint,
    flushed_tokens bigint,
    flushed_at timestamptz,
    flush_ms double precision
)
language c
volatile
strict
rows 1
as 'MODULE_PATHNAME', 'usage_stats_wrapper';
comment on function pgtoken_internal.usage_stats() is
    'The numbers behind the view pgtoken.usage_stats; no row where the library is not preloaded';

create view pgtoken.usage_stats as
select s.slots,
       s.used,
       s.pending,
       s.bytes,
       s.uncounted,
       s.refused,
       s.reclaimed,
       s.dropped,
       s.flushes,
       s.flush_errors,
       s.flushed_tokens,
       s.flushed_at,
       s.flush_ms
from pgtoken_internal.usage_stats() as s;
comment on view pgtoken.usage_stats is
    'How use tracking is doing, for the whole server since its start';
comment on column pgtoken.usage_stats.slots is 'Slots in shared memory (pgtoken.usage_slots)';
comment on column pgtoken.usage_stats.used is 'Slots that belong to a token or a code';
comment on column pgtoken.usage_stats.pending is 'Slots with use that is not flushed yet';
comment on column pgtoken.usage_stats.bytes is 'Shared memory that pgtoken takes: the slots, and a hint each of where a row was found';
comment on column pgtoken.usage_stats.uncounted is 'Uses that were not counted, because no slot was free';
comment on column pgtoken.usage_stats.refused is 'Verifications of rate-limited tokens refused, because no slot was free';
comment on column pgtoken.usage_stats.reclaimed is 'Slots that an idle token gave back';
comment on column pgtoken.usage_stats.dropped is 'Uses and denials discarded with their database or token, or on a standby because the slots were needed';
comment on column pgtoken.usage_stats.flushes is 'Batches written';
comment on column pgtoken.usage_stats.flush_errors is 'Batches that failed; their counts stay for the next';
comment on column pgtoken.usage_stats.flushed_tokens is 'Slots written by all batches';
comment on column pgtoken.usage_stats.flushed_at is 'When the last batch was written';
comment on column pgtoken.usage_stats.flush_ms is 'How long the last batch took, in milliseconds';
