-- list_usage
select * from pgtoken.list_usage('ID', '-infinity', 'infinity')
