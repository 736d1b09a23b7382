-- issue_token
select * from pgtoken.issue_token('t', 'mia', metadata => '{"n": 1e400}')
