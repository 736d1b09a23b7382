-- verify_token
select * from pgtoken.verify_token(repeat('x', 1048576), repeat('x', 1048576), workspace_id => repeat('x', 1048576), target => repeat('x', 1048576), zone => repeat('x', 1048576))
