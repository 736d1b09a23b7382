-- put_members
select * from pgtoken.put_members('acme', '["olga", "olga"]')
