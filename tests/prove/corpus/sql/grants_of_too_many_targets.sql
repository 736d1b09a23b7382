-- issue_token
select * from pgtoken.issue_token('t', 'mia', 'agency', 'acme', grants => (select jsonb_object_agg('t' || n, true) from generate_series(1, 1001) as n))
