-- put_zones
select * from pgtoken.put_zones('windows', '[1, [], {}, null]')
