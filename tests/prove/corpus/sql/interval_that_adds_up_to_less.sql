-- rotate_token
select * from pgtoken.rotate_token('ID', overlap => '1 mon -40 days')
