-- verify_token
select * from pgtoken.verify_token('TOKEN', permissions => array_fill(null::text, array[20000]))
