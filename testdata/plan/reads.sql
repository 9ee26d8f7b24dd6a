-- Plain reads, as people, ORMs and benchmarks write them, on the database of
-- schema.sql. At least 95 of 100 must be proven, and every one that is must
-- run on a standby. Those that are not stand in reads_unproven.txt.

-- pgbench.
SELECT abalance FROM pgbench_accounts WHERE aid = 1
SELECT count(*) FROM pgbench_branches
SELECT a.aid, b.bbalance FROM pgbench_accounts a JOIN pgbench_branches b USING (bid) WHERE a.aid < 10
SELECT * FROM pgbench_tellers ORDER BY tid
SELECT sum(delta) FROM pgbench_history

-- What ORMs write.
SELECT 1
SELECT 1 AS "one" FROM "users" WHERE "users"."email" = 'a@b' LIMIT 1
SELECT "users".* FROM "users" WHERE "users"."id" = 1 LIMIT 1
SELECT "users".* FROM "users" ORDER BY "users"."id" ASC LIMIT 10 OFFSET 20
SELECT COUNT(*) FROM "users"
SELECT COUNT(DISTINCT "orders"."user_id") FROM "orders" INNER JOIN "users" ON "users"."id" = "orders"."user_id"
SELECT "orders"."id" AS t0_r0, "orders"."user_id" AS t0_r1, "users"."id" AS t1_r0 FROM "orders" LEFT OUTER JOIN "users" ON "users"."id" = "orders"."user_id" WHERE "users"."active" = TRUE
SELECT "users"."id", "users"."name", "users"."email" FROM "users" WHERE "users"."name"::text LIKE '%a%' ORDER BY "users"."id" DESC LIMIT 21
SELECT "users"."id" FROM "users" WHERE UPPER("users"."email"::text) LIKE UPPER('%x%')
SELECT (1) AS "a" FROM "orders" WHERE ("orders"."status" = 'new' AND NOT ("orders"."total" > 5)) LIMIT 1
SELECT "orders"."status", COUNT("orders"."id") AS "n" FROM "orders" GROUP BY "orders"."status" HAVING COUNT("orders"."id") > 1 ORDER BY "n" DESC
SELECT "orders"."id" FROM "orders" WHERE "orders"."user_id" IN (1, 2, 3)
SELECT users.id AS users_id, users.name AS users_name FROM users WHERE users.id = 1
SELECT anon_1.users_id FROM (SELECT users.id AS users_id FROM users LIMIT 5) AS anon_1 JOIN orders ON anon_1.users_id = orders.user_id
SELECT orders.id, orders.total, users_1.name FROM orders LEFT OUTER JOIN users AS users_1 ON users_1.id = orders.user_id
SELECT EXISTS (SELECT 1 FROM users WHERE users.id = 1) AS anon_1
SELECT count(*) AS count_1 FROM (SELECT users.id FROM users WHERE users.active IS true) AS anon_1
select u1_0.id, u1_0.name from users u1_0 where u1_0.id = 1
select o1_0.id, u1_0.id, u1_0.name from orders o1_0 left join users u1_0 on u1_0.id = o1_0.user_id where o1_0.status = 'new' fetch first 10 rows only
select count(u1_0.id) from users u1_0 where lower(u1_0.name) like 'a%' escape '\'
SELECT * FROM "users" WHERE name <> 'x' AND "users"."born" IS NULL ORDER BY "users"."id" LIMIT 1
SELECT * FROM "users" WHERE (id, name) IN ((1, 'a'), (2, 'b'))
SELECT "public"."users"."id", "public"."users"."name" FROM "public"."users" WHERE ("public"."users"."id" = 1 AND 1=1) LIMIT 1 OFFSET 0
SELECT "t0"."id", COALESCE("aggr_selection_0"."_n", 0) FROM "public"."users" AS "t0" LEFT JOIN (SELECT "user_id", COUNT(*) AS "_n" FROM "public"."orders" GROUP BY "user_id") AS "aggr_selection_0" ON "t0"."id" = "aggr_selection_0"."user_id"
SELECT "User"."id", "User"."name", "Orders"."id" AS "Orders.id" FROM "users" AS "User" LEFT OUTER JOIN "orders" AS "Orders" ON "User"."id" = "Orders"."user_id" WHERE "User"."id" = 1
SELECT t."id", t."name" FROM "users" AS t WHERE t."tags" @> ARRAY['a']::text[] LIMIT 100
SELECT "Value" FROM "Mixed Case" WHERE "id" = 1

-- Filters.
select * from users where active
select * from users where not active and name is not null
select * from users where id between 1 and 10
select * from users where id not between symmetric 10 and 1
select * from users where name like 'u%' or name ilike 'U%' or name ~ '^u' or name !~* 'x'
select * from users where name similar to '(u|v)%'
select * from users where id = any (array[1, 2, 3])
select * from users where id = any ('{1,2,3}'::bigint[])
select * from users where id <> all (array[1, 2])
select * from users where id in (select user_id from orders where total > 10)
select * from users u where exists (select 1 from orders o where o.user_id = u.id)
select * from users u where not exists (select from orders o where o.user_id = u.id)
select * from users where (id, name) = (1, 'a')
select * from users where row(id, name) < row(5, 'b')
select * from users where email is distinct from 'a@b'
select * from users where name collate "C" > 'a'
select * from users where feeling = 'happy'
select * from users where feeling > 'sad'::mood
select * from users where (address).city = 'Rome'
select * from users where active is true or active is unknown
select * from users where name = 'a' and id = 1 or id = 2
select * from users where id % 2 = 0 and id & 1 = 0 and id # 3 > 1
select * from users where length(name) > 3 and position('u' in name) = 1
select * from users where substring(name from 1 for 2) = 'us' and overlay(name placing 'x' from 1) <> 'x'
select * from users where trim(both ' ' from name) = 'a'
select * from users where nullif(name, '') is not null
select * from users where greatest(id, 3) = least(id, 5)

-- Joins.
select u.name, o.total from users u join orders o on o.user_id = u.id
select u.name, o.total from users u left join orders o on o.user_id = u.id and o.status = 'new'
select u.name, o.total from orders o right join users u on o.user_id = u.id
select * from users full join orders on users.id = orders.user_id
select count(*) from users cross join orders
select count(*) from users, orders where users.id = orders.user_id
select * from orders join items on items.order_id = orders.id join users on users.id = orders.user_id
select * from orders natural join items
select u.id, l.total from users u, lateral (select total from orders o where o.user_id = u.id order by total desc limit 1) l
select u.id, l.n from users u left join lateral (select count(*) as n from orders o where o.user_id = u.id) l on true
select e.name, m.name from users e left join users m on e.manager_id = m.id
select * from (select id from users) a join (select user_id from orders) b on a.id = b.user_id
select * from users u join (values (1, 'x'), (2, 'y')) v(id, label) on v.id = u.id
select * from (users u join orders o on o.user_id = u.id) as j limit 3

-- Aggregates and windows.
select count(*), count(distinct user_id), sum(total), avg(total), min(total), max(total) from orders
select user_id, sum(total) filter (where status = 'new') from orders group by user_id
select date_trunc('month', placed_at) as month, sum(total) from orders group by 1 order by 1
select status, user_id, count(*) from orders group by rollup (status, user_id)
select status, user_id, count(*) from orders group by grouping sets ((status), (user_id), ())
select status, user_id, grouping(status), count(*) from orders group by cube (status, user_id)
select array_agg(name order by id) from users
select string_agg(name, ', ' order by name) from users
select string_agg(distinct name, ', ') from users
select percentile_cont(0.5) within group (order by total) from orders
select mode() within group (order by status) from orders
select percentile_disc(array[0.25, 0.75]) within group (order by total) from orders
select bool_and(active), bool_or(active), every(active) from users
select stddev(total), variance(total), corr(total, user_id), regr_slope(total, user_id) from orders
select bit_and(id), bit_or(id) from users
select json_agg(u), jsonb_agg(u.name), json_object_agg(u.id, u.name) from users u
select row_number() over (order by id), name from users
select rank() over (partition by status order by total desc), dense_rank() over w, id from orders window w as (order by total)
select id, lag(total) over (order by id), lead(total, 2, 0) over (order by id) from orders
select id, sum(total) over (order by id rows between 1 preceding and current row) from orders
select id, avg(total) over (order by placed_at range between interval '1 day' preceding and interval '1 day' following) from orders
select first_value(id) over w, last_value(id) over w, nth_value(id, 2) over w, ntile(4) over w from orders window w as (partition by status order by id)
select cume_dist() over (order by total), percent_rank() over (order by total) from orders
select product(qty) from items
select product(price) over (partition by order_id) from items
select max(total) - min(total) as spread from orders having count(*) > 0
select distinct status from orders
select distinct on (user_id) user_id, total from orders order by user_id, total desc

-- WITH.
with t as (select * from users) select * from t
with t as materialized (select * from users) select count(*) from t
with t as not materialized (select * from users where id < 5) select * from t
with a as (select 1 as x), b as (select x + 1 as y from a) select * from a, b
with recursive t(n) as (values (1) union all select n + 1 from t where n < 10) select sum(n) from t
with recursive chain as (select id, manager_id, 1 as depth from users where manager_id is null union all select u.id, u.manager_id, c.depth + 1 from users u join chain c on u.manager_id = c.id) select * from chain
with recursive t(n) as (select 1 union select n + 1 from t where n < 3) search depth first by n set o select * from t
with orders as (select 1 as id) select * from orders
with top as (select user_id, sum(total) s from orders group by 1 order by 2 desc limit 5) select u.name, t.s from top t join users u on u.id = t.user_id
with a as (with b as (select 1 as x) select * from b) select * from a

-- Set operations, VALUES, TABLE, LIMIT.
select id from users union select user_id from orders
select id from users union all select user_id from orders order by 1 limit 5
select id from users intersect select user_id from orders
select id from users except all select user_id from orders
(select id from users order by id limit 1) union all (select id from users order by id desc limit 1)
values (1, 'a'), (2, 'b')
values (1), (2) order by 1 desc
table users
table users limit 3
select * from users offset 5 rows fetch next 5 rows only
select * from users order by name fetch first 3 rows with ties
select * from users order by name desc nulls last, id using <
select * from users limit all
select from users

-- Expressions and types.
select 1 + 2 * 3 / 4.0 - 5 % 3 + 2 ^ 2, -1, +1, @ -5, |/ 4, ||/ 8, '5' !~ '4'
select 'a' || 'b' || 1::text, e'a\nb', $$dollar$$, U&'\0061', b'101', x'1f'
select cast('1' as int), '1'::int8, int '1', 1::numeric(10, 2), '1.5'::float8, 'a'::varchar(10), 'a'::char(3), true::text
select case when id > 5 then 'big' when id > 2 then 'mid' else 'small' end from users
select case id when 1 then 'one' else 'many' end from users
select coalesce(email, name, 'none') from users
select abs(-1), ceil(1.5), floor(1.5), round(1.567, 2), trunc(1.5), sign(-2), sqrt(4), power(2, 3), mod(5, 3), exp(1), ln(2), log(10), gcd(4, 6), width_bucket(5, 1, 10, 3)
select upper('a'), initcap('a b'), replace('abc', 'b', 'x'), split_part('a,b', ',', 2), lpad('a', 3), rpad('a', 3, 'x'), repeat('a', 3), reverse('abc'), left('abc', 2), right('abc', 1), translate('abc', 'a', 'b'), ascii('a'), chr(65), md5('a'), concat('a', 1), concat_ws(',', 'a', 'b'), format('%s %I', 'a', 'b'), strpos('abc', 'b'), starts_with('abc', 'a')
select regexp_replace('abc', 'b', 'x', 'g'), regexp_matches('abc', '(b)'), regexp_split_to_array('a,b', ','), regexp_match('a1', '\d')
select to_char(1234.5, '9999.99'), to_number('12', '99'), to_hex(255), encode('a'::bytea, 'hex'), decode('6162', 'hex'), quote_ident('a b'), quote_literal('a'), quote_nullable(null)
select sha256('a'::bytea), convert_from('a'::bytea, 'UTF8'), convert_to('a', 'UTF8'), bit_length('a'), octet_length('a'), char_length('a')
select pg_typeof(1), pg_column_size('abc'::text), pg_size_pretty(1024::bigint), num_nulls(1, null)
select add_tax(100), add_tax(total) from orders
select 5 ~~~ 7
select * from items where qty ~~~ 3
select similarity('abc', 'abd'), 'abc' % 'abd', show_trgm('abc')
select digest('a', 'sha256'), encode(hmac('a', 'k', 'md5'), 'hex')
select version(), current_database(), current_user, session_user, current_schema, current_catalog, user

select 1::int2, 1::"char", 'a'::name, 1::real, 1::decimal, 1::dec(5, 1), 1::float(3), b'1'::bit, b'1'::bit varying(3), 'a'::character varying, 'a'::bpchar, 'a'::national character(2), 1::oid
select '1'::jsonb, '{}'::json, '<a/>'::xml, '1 day'::interval day to second, '10:00'::time with time zone, '10:00'::time(3), '1,1'::point, 'a'::tsvector, 'a'::tsquery, '{1,2}'::int[], '{{1},{2}}'::int[][], '0/0'::pg_lsn, '$.a'::jsonpath

-- Dates.
select now(), current_timestamp, current_date, current_time, localtime, localtimestamp, transaction_timestamp(), statement_timestamp()
select * from orders where placed_at > now() - interval '1 day'
select * from orders where placed_at >= current_date and placed_at < current_date + 1
select * from orders where placed_at between timestamp '2024-01-01' and timestamptz '2025-01-01 00:00+00'
select * from users where born = date '1990-01-05'
select extract(year from placed_at), date_part('month', placed_at), extract(epoch from now() - placed_at) from orders
select date_trunc('hour', placed_at), placed_at at time zone 'UTC', placed_at::date, placed_at::time from orders
select age(born), age(now(), placed_at) from users join orders on user_id = users.id
select to_char(placed_at, 'YYYY-MM-DD'), to_date('2024-01-01', 'YYYY-MM-DD'), to_timestamp(0), make_date(2024, 1, 1), make_interval(days => 3), make_timestamp(2024, 1, 1, 0, 0, 0) from orders
select date '2024-01-31' + interval '1 month', justify_days(interval '40 days'), isfinite(now()), date_bin('15 minutes', now(), timestamptz '2024-01-01')
select generate_series(date '2024-01-01', date '2024-01-10', interval '1 day')
select (now(), interval '1 hour') overlaps (now(), interval '2 hours')
select * from recent_orders
select since_midnight()

-- JSON, XML, arrays, ranges, text search, network.
select profile -> 'a', profile ->> 'a', profile #> '{a,b}', profile #>> '{a,b}' from users
select * from users where profile @> '{"a": 1}' and profile ? 'a' and profile ?| array['a', 'b'] and not profile ?& array['c']
select jsonb_set(profile, '{a}', '1'), profile - 'a', profile || '{"b": 2}', jsonb_pretty(profile), jsonb_typeof(profile) from users
select jsonb_path_query(profile, '$.a'), jsonb_path_exists(profile, '$.a ? (@ > 1)'), profile @? '$.a', profile @@ '$.a > 1' from users
select key, value from jsonb_each('{"a": 1}')
select * from jsonb_array_elements('[1, 2]') with ordinality
select * from jsonb_to_recordset('[{"a": 1, "b": "x"}]') as t(a int, b text)
select * from json_populate_record(null::place, '{"city": "Rome"}')
select jsonb_build_object('id', id, 'name', name), json_build_array(1, 'a'), to_jsonb(name), row_to_json(u) from users u
select jsonb_object_agg(id, name), jsonb_agg(distinct name) from users
select payload -> 'a', json_array_length('[1,2]'), json_strip_nulls('{"a":null}') from orders
select profile['a'] from users
select xmlelement(name a, xmlattributes('x' as b), 'c'), xmlforest(id, name), xmlconcat('<a/>', '<b/>') from users
select xpath('/a/text()', raw), xmlserialize(content raw as text), raw is document from orders
select x.* from orders, xmltable('/a' passing raw columns v int path '.') x
select array[1, 2] || 3, array_append(array[1], 2), array_cat(array[1], array[2]), array_length(tags, 1), cardinality(tags), tags[1], tags[1:2], array_position(tags, 'a'), array_remove(tags, 'a'), array_to_string(tags, ',') from users
select unnest(tags) from users
select * from unnest(array[1, 2], array['a', 'b']) as t(a, b)
select * from users where tags && array['a'] and tags <@ array['a', 'b'] and 'a' = any (tags)
select array(select id from users order by id)
select (array[[1, 2], [3, 4]])[1][2], string_to_array('a,b', ',')
select int4range(1, 10) @> 5, int4range(1, 5) && int4range(3, 8), lower(int4range(1, 5)), upper_inf(int4range(1, null)), valid * int4range(1, 2) from orders
select '[2024-01-01,2024-02-01)'::daterange @> date '2024-01-15', tstzrange(now(), now() + interval '1 hour')
select * from orders where doc @@ to_tsquery('english', 'order') order by ts_rank(doc, to_tsquery('order')) desc
select to_tsvector('english', 'a cat'), plainto_tsquery('a cat'), websearch_to_tsquery('a -b'), ts_headline('a cat', to_tsquery('cat'))
select host(ip), masklen(ip), ip << inet '10.0.0.0/8', network(ip) from orders
select point(1, 2) <-> point(3, 4), box '(1,1),(0,0)' @> point '(0.5,0.5)', circle '<(0,0),1>'
select '550e8400-e29b-41d4-a716-446655440000'::uuid, '1 day'::interval, '12.34'::money, '08:00:2b:01:02:03'::macaddr
select enum_range(null::mood), enum_first(null::mood), 'ok'::mood
select ('Main', 'Rome')::place, (address).*, row(1, 2) from users

-- Views, functions, partitions, inheritance, policies.
select * from active_users
select * from user_totals where total > 10 order by total desc
select * from active_users a join user_totals t using (id)
select * from daily
select * from cached
select full_name(u) from users u
select u.full_name, u.name from users u
select order_count(1)
select id, order_count(id) from users
select * from top_users()
select * from top_users(5)
select * from top_users(n => 3) t join orders o on o.user_id = t.id
select atomic_total(1)
select * from events where at >= '2025-01-01'
select * from events_2024
select * from only animals
select * from animals
select tableoid, * from animals
select * from app.settings where key = 'a'
select overloaded(1) from users where false and id = 0
select upper(name) from public.users
select pg_catalog.lower('A')
select count(*) from users tablesample system (50)
select * from users tablesample bernoulli (50) repeatable (1)
select ctid, xmin, * from users
select * from generate_series(1, 10) g
select * from rows from (generate_series(1, 3), unnest(array['a', 'b'])) as t(a, b)
select '2' < '10', 'a' < 'b' collate "C"

-- Other statements that read.
copy users to stdout
copy users (id, name) to stdout with (format csv, header)
copy (select * from users where id < 5) to stdout
copy (values (1, 'a')) to stdout binary
explain select * from users
explain (costs off, verbose) select * from users where id = 1
explain (analyze false) select 1
explain (format json) with t as (select 1) select * from t
/* a comment */ select /* another */ 1 -- and one more
select 'for update', "name" from users where name <> 'nextval(''seq'')'
select 'insert into log values (1)' as text
