-- rotate_token
select * from pgtoken.rotate_token('ID', overlap => '178000000 years', ttl => '178000000 years')
