-- grant_zones
select * from pgtoken.grant_zones('ID', (repeat('[', 5000) || repeat(']', 5000))::jsonb)
