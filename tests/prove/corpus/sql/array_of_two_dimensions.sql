-- verify_tokens
select * from pgtoken.verify_tokens(array[array['TOKEN', ''], array[null, 'x']], permissions => array[array['a b', ' '], array[null, '']])
