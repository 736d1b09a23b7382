-- find_token
select * from pgtoken.find_token(repeat(chr(128512), 10000))
