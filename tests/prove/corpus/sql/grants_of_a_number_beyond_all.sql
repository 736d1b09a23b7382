-- issue_token
select * from pgtoken.issue_token('t', 'mia', 'agency', 'acme', grants => '{"windows": 1e400}')
