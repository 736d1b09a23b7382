-- Everything that the extension is made of, one line for each thing; what only its own number tells apart is left out.

select 'version ' || extversion from pg_extension where extname = 'pgtoken'
union all
select 'member ' || (pg_identify_object(d.classid, d.objid, d.objsubid)).type || ' ' || (pg_identify_object(d.classid, d.objid, d.objsubid)).identity
from pg_depend as d join pg_extension as e on e.oid = d.refobjid and e.extname = 'pgtoken'
where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
union all
select concat_ws(' ', 'dumped', c.n, c.t::regclass, c.condition)
from pg_extension, unnest(extconfig, extcondition) with ordinality as c (t, condition, n)
where extname = 'pgtoken'
union all
select concat_ws(' ', 'schema', nspname, nspowner::regrole, obj_description(oid, 'pg_namespace'),
                 array(select a::text from unnest(nspacl) as a order by 1))
from pg_namespace where nspname ~ '^pgtoken'
union all
select concat_ws(' ', 'function', p.proowner::regrole, pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc'), p.procost, p.prorows,
                 coalesce(array(select a::text from unnest(p.proacl) as a order by 1)::text, 'acl of everybody'))
from pg_proc as p where p.pronamespace::regnamespace::text ~ '^pgtoken'
union all
select concat_ws(' ', 'relation', c.relkind, c.oid::regclass, c.relowner::regrole, c.reloptions, c.relrowsecurity, c.relpersistence,
                 obj_description(c.oid, 'pg_class'), array(select a::text from unnest(c.relacl) as a order by 1),
                 case when c.relkind = 'v' then pg_get_viewdef(c.oid) end)
from pg_class as c where c.relnamespace::regnamespace::text ~ '^pgtoken'
union all
select concat_ws(' ', 'column', a.attrelid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                 a.attgenerated, a.attisdropped, a.attcollation::regcollation, a.attstorage, pg_get_expr(d.adbin, d.adrelid), a.attacl,
                 col_description(a.attrelid, a.attnum))
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid and c.relnamespace::regnamespace::text ~ '^pgtoken'
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0
union all
select concat_ws(' ', 'constraint', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'))
from pg_constraint where connamespace::regnamespace::text ~ '^pgtoken'
union all
select concat_ws(' ', 'index', i.indexrelid::regclass, i.indisvalid, pg_get_indexdef(i.indexrelid))
from pg_index as i join pg_class as c on c.oid = i.indrelid and c.relnamespace::regnamespace::text ~ '^pgtoken'
union all
select concat_ws(' ', 'trigger', t.tgrelid::regclass, coalesce(k.conname, t.tgname), t.tgfoid::regproc, t.tgenabled,
                 case when not t.tgisinternal then pg_get_triggerdef(t.oid) end)
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid and c.relnamespace::regnamespace::text ~ '^pgtoken'
left join pg_constraint as k on k.oid = t.tgconstraint
union all
select concat_ws(' ', 'type', t.oid::regtype, t.typowner::regrole, obj_description(t.oid, 'pg_type'),
                 array(select a::text from unnest(t.typacl) as a order by 1))
from pg_type as t where t.typnamespace::regnamespace::text ~ '^pgtoken'
union all
select concat_ws(' ', 'initial privilege', (pg_identify_object(i.classoid, i.objoid, i.objsubid)).identity,
                 array(select a::text from unnest(i.initprivs) as a order by 1))
from pg_init_privs as i
join pg_depend as d on d.classid = i.classoid and d.objid = i.objoid and d.deptype = 'e'
join pg_extension as e on e.oid = d.refobjid and e.extname = 'pgtoken'
order by 1
