-- list_tokens
select * from pgtoken.list_tokens(search => repeat('%_', 5000))
