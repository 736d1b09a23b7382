-- update_token
select * from pgtoken.update_token('ID', expires_at => '4713-01-01 00:00+00 BC')
