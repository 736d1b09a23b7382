-- purge_tokens
select * from pgtoken.purge_tokens('-infinity', 2147483647)
