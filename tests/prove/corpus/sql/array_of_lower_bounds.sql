-- verify_tokens
select * from pgtoken.verify_tokens('[-2147483648:-2147483647]={TOKEN,null}'::text[])
