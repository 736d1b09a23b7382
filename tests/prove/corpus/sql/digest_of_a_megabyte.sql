-- verify_digest
select * from pgtoken.verify_digest(decode(repeat('00', 1048576), 'hex'))
