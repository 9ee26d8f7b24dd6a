-- SELECT shapes over shapes_schema.sql, one to a paragraph, by the rows of sharding.md section 6.
-- In the comment: ordered, the rows come in this order only; some, LIMIT may take any rows; loose, equal numbers may be
-- written with more zeros; float, the last digits depend on the order of rows in PostgreSQL too; args, the parameters as text;
-- chance, the rows are random; gather, rows of several shards are
-- joined; subplan, sub-queries run first.

-- row 10
SELECT * FROM users

-- row 10
SELECT user_id, name, note AS remark FROM users WHERE active AND score > 20

-- row 10, args 50,'Bob'
SELECT user_id, $2::text AS said FROM users WHERE score > $1 AND name <> $2

-- row 10
SELECT FROM users WHERE user_id < 10

-- row 11, ordered
SELECT user_id, name FROM users ORDER BY user_id

-- row 11, ordered
SELECT name, user_id FROM users ORDER BY 2 DESC

-- row 11, ordered
SELECT user_id, born FROM users ORDER BY born, user_id

-- row 11, ordered
SELECT user_id, rating FROM users ORDER BY rating DESC, user_id LIMIT 20

-- row 11, ordered
SELECT user_id AS k, score AS s FROM users ORDER BY s DESC, k OFFSET 7 LIMIT 10

-- row 11, ordered, args 10,5
SELECT user_id, id, price FROM orders ORDER BY price, user_id, id LIMIT $1 OFFSET $2

-- row 11, ordered, args null,5
SELECT user_id, id, price FROM orders ORDER BY price DESC NULLS LAST, user_id, id LIMIT $1 OFFSET $2

-- row 11, ordered, args 3,null
SELECT user_id, id FROM orders ORDER BY code, user_id LIMIT $1 OFFSET $2

-- row 11, ordered, args 9223372036854775807,7
SELECT user_id, id FROM orders ORDER BY raw, user_id, id LIMIT $1 OFFSET $2

-- row 11, ordered
SELECT user_id, id FROM orders ORDER BY raw, user_id, id LIMIT 9223372036854775807 OFFSET 400

-- row 11, ordered
SELECT user_id, email FROM users ORDER BY email, user_id DESC LIMIT 12

-- row 11, ordered
SELECT user_id, joined FROM users ORDER BY joined DESC LIMIT ALL

-- row 11, ordered
SELECT user_id, paid, placed, small FROM orders ORDER BY paid DESC, placed, small DESC, user_id, id LIMIT 40

-- row 11, ordered
SELECT * FROM orders ORDER BY status COLLATE "C" NULLS FIRST, user_id, id LIMIT 30

-- row 11, ordered
SELECT * FROM orders ORDER BY 1, 2 LIMIT 30

-- row 11, ordered
SELECT o.*, o.amount * o.qty AS total FROM orders o ORDER BY o.user_id, o.id FETCH FIRST 5 ROWS ONLY

-- row 12, ordered
SELECT user_id, note FROM users ORDER BY note, user_id

-- row 12, ordered
SELECT name FROM users ORDER BY name DESC, user_id LIMIT 11 OFFSET 3

-- row 12, ordered, args 6,2
SELECT name || '!' AS loud, name FROM users ORDER BY name, user_id LIMIT $1 OFFSET $2

-- row 12, ordered
SELECT user_id, city FROM users ORDER BY city, user_id

-- row 12, ordered
SELECT user_id, feel, country FROM users ORDER BY feel DESC, user_id

-- row 12, ordered
SELECT user_id, id, took FROM orders ORDER BY took, user_id, id

-- row 12, ordered
SELECT user_id FROM users ORDER BY user_id USING >

-- row 12, ordered
SELECT user_id, doc FROM users ORDER BY doc, user_id LIMIT 20

-- row 12, ordered
SELECT user_id, tags FROM users ORDER BY tags NULLS FIRST, user_id

-- row 12, ordered
SELECT coalesce(name, note) FROM users ORDER BY note, user_id LIMIT 30

-- row 12, ordered
SELECT name, lower(name) FROM users ORDER BY lower(name), name, user_id LIMIT 10 + 5

-- row 12, ordered
SELECT user_id, name::varchar(3), score::numeric(4,1) FROM users ORDER BY note DESC, user_id LIMIT 9

-- row 12, ordered
SELECT user_id, tags FROM users ORDER BY tags DESC NULLS LAST, user_id LIMIT 7

-- row 13, ordered
SELECT name FROM users ORDER BY user_id DESC LIMIT 5

-- row 13, ordered
SELECT id, user_id FROM orders ORDER BY qty + small, user_id, id LIMIT 25

-- row 13, ordered
SELECT user_id, -score AS neg FROM users ORDER BY -score, user_id

-- row 13, ordered
SELECT user_id, id FROM orders ORDER BY amount * 2 - qty DESC NULLS LAST, code LIMIT 25

-- row 13, ordered
SELECT user_id FROM users ORDER BY coalesce(score, 0), user_id

-- row 13, ordered
SELECT user_id FROM users ORDER BY CASE WHEN active THEN 1 WHEN NOT active THEN 2 ELSE 3 END, user_id

-- row 13, ordered
SELECT user_id, name FROM users ORDER BY name IS NULL, length(name), user_id

-- row 14, ordered
SELECT user_id, score FROM users ORDER BY score NULLS FIRST, user_id

-- row 14, ordered
SELECT user_id, active FROM users ORDER BY active DESC NULLS LAST, user_id

-- row 15, ordered
SELECT born, user_id FROM users ORDER BY user_id FETCH FIRST 4 ROWS WITH TIES

-- row 15
SELECT status, user_id, id FROM orders ORDER BY status FETCH FIRST 4 ROWS WITH TIES

-- row 15, some
SELECT kind, seen FROM events ORDER BY seen OFFSET 3 FETCH FIRST 5 ROWS WITH TIES

-- row 16, some
SELECT user_id FROM users LIMIT 7

-- row 16, some
SELECT user_id FROM users LIMIT 7 OFFSET 80

-- row 16
SELECT user_id FROM users LIMIT 0

-- row 17
SELECT DISTINCT status FROM orders

-- row 17, ordered
SELECT DISTINCT country, active FROM users ORDER BY active, country NULLS FIRST LIMIT 6

-- row 17, ordered
SELECT DISTINCT lower(name) AS l FROM users ORDER BY l DESC

-- row 17
SELECT DISTINCT coalesce(name, 'none') FROM users

-- row 17, ordered
SELECT DISTINCT ON (status) status, user_id, id FROM orders ORDER BY status, user_id DESC, id

-- row 17, ordered
SELECT DISTINCT ON (2) user_id, country, score FROM users ORDER BY 2, score DESC NULLS LAST, user_id LIMIT 3

-- row 17, ordered
SELECT DISTINCT qty / 10 AS tens FROM orders ORDER BY tens OFFSET 2

-- row 17, ordered
SELECT DISTINCT tags FROM users ORDER BY tags LIMIT 3

-- row 17, ordered
SELECT DISTINCT ON (tags) tags, user_id FROM users ORDER BY tags, user_id LIMIT 4

-- row 18
SELECT DISTINCT user_id, status FROM orders

-- row 18, ordered
SELECT DISTINCT user_id, kind COLLATE "C" AS kind FROM events ORDER BY user_id, kind COLLATE "C" LIMIT 15

-- row 18, ordered
SELECT DISTINCT user_id, seen FROM events ORDER BY seen DESC, user_id LIMIT 15

-- row 18, ordered
SELECT DISTINCT ON (user_id) user_id, id, amount FROM orders ORDER BY user_id, amount DESC NULLS LAST, id

-- row 18, ordered
SELECT DISTINCT user_id, kind FROM events ORDER BY kind, user_id LIMIT 15

-- row 19
SELECT count(*) FROM orders

-- row 19
SELECT count(amount), count(*) AS all_rows, count(DISTINCT user_id) FROM orders WHERE qty > 0

-- row 19
SELECT count(*), sum(qty), max(name), avg(score) FROM users JOIN orders USING (user_id) WHERE user_id < 0

-- row 19
SELECT count(*) FROM users WHERE user_id = 5 OR name = 'bob'

-- row 20
SELECT sum(qty), sum(small), sum(big), sum(amount), sum(price) FROM orders

-- row 20
SELECT avg(qty), avg(small), avg(big), avg(amount), avg(price) FROM orders

-- row 20, loose
SELECT min(qty), max(small), min(big), max(amount), min(price), max(price) FROM orders

-- row 20
SELECT min(placed), max(placed), min(took), sum(took), avg(took), min(code::text), max(paid::int) FROM orders

-- row 20
SELECT min(name), max(name), min(email), max(email), min(note), max(note), min(city), max(city), min(country) FROM users

-- row 20
SELECT max(feel), min(feel), max(born), min(born), max(joined) FROM users

-- row 20
SELECT sum(score), avg(score), min(score) FROM users GROUP BY active

-- row 20
SELECT sum(rating), avg(rating) FROM users WHERE rating BETWEEN -5 AND 5

-- row 20
SELECT sum(amount * qty), sum(qty + 1), sum(CASE WHEN paid THEN 1 ELSE 0 END), sum(coalesce(amount, 0)), avg(length(status)) FROM orders

-- row 20, args 3
SELECT sum(qty * $1::int), sum($1::numeric), count($1) FROM orders

-- row 21
SELECT variance(qty), var_samp(amount), var_pop(big), stddev(qty), stddev_samp(amount), stddev_pop(small) FROM orders

-- row 21
SELECT status, stddev(amount), stddev_pop(price), variance(price), var_pop(small), stddev(big) FROM orders GROUP BY status

-- row 21
SELECT user_id % 7 AS m, stddev(qty), var_samp(1), stddev_pop(2.50), variance(score) FROM users JOIN orders USING (user_id) GROUP BY 1

-- row 21, float
SELECT stddev(weight), variance(weight) FROM orders WHERE user_id < 4

-- row 22
SELECT bool_and(paid), bool_or(paid), every(paid), bit_and(qty), bit_or(small), bit_xor(big) FROM orders

-- row 22
SELECT status, bool_or(paid), bit_or(qty) FROM orders GROUP BY status

-- row 23
SELECT string_agg(name, ',' ORDER BY user_id) FROM users

-- row 23
SELECT status, array_agg(id ORDER BY user_id, id) FROM orders GROUP BY status

-- row 23
SELECT country, json_agg(name ORDER BY user_id) AS names, jsonb_object_agg(user_id, score ORDER BY user_id) FROM users GROUP BY country

-- row 24
SELECT count(DISTINCT status), count(DISTINCT qty) FROM orders

-- row 24
SELECT status, count(DISTINCT qty), count(*), sum(amount), sum(DISTINCT qty), avg(DISTINCT qty) FROM orders GROUP BY status

-- row 24
SELECT paid, sum(DISTINCT amount), avg(DISTINCT small), count(DISTINCT lower(status)) FROM orders GROUP BY paid

-- row 24
SELECT country, string_agg(DISTINCT name, ',') FROM users GROUP BY country

-- row 24
SELECT count(DISTINCT name) FILTER (WHERE active), count(*) FILTER (WHERE active), sum(DISTINCT score) FILTER (WHERE score > 50) FROM users

-- row 24
SELECT count(DISTINCT (country, active)) FROM users

-- row 25
SELECT count(*) FILTER (WHERE paid), sum(amount) FILTER (WHERE qty > 5), avg(qty) FILTER (WHERE NOT paid), stddev(qty) FILTER (WHERE paid) FROM orders

-- row 25
SELECT status, max(amount) FILTER (WHERE paid AND qty < 0) AS m FROM orders GROUP BY status

-- row 26
SELECT count(*) + 1, coalesce(sum(qty), 0)::text, round(avg(amount), 2), sum(qty)::float8 / count(*) AS ratio FROM orders

-- row 26
SELECT upper(status) || '/' || count(*), greatest(max(qty), 7), CASE WHEN sum(qty) > 100 THEN 'big' ELSE 'small' END FROM orders GROUP BY status

-- row 26, args 2,'tag'
SELECT $2::text AS tag, count(*) * $1::int AS twice FROM orders WHERE qty > $1

-- row 26
SELECT 'x', 1, 2.5, NULL, true, count(*), now() IS NOT NULL, -count(*), date '2020-01-01' FROM orders

-- row 27
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY qty), mode() WITHIN GROUP (ORDER BY status) FROM orders

-- row 27
SELECT status, percentile_disc(0.25) WITHIN GROUP (ORDER BY amount) FROM orders GROUP BY status

-- row 28
SELECT status, count(*) FROM orders GROUP BY status

-- row 28
SELECT status AS s, paid, count(*) FROM orders GROUP BY s, 2

-- row 28
SELECT qty / 10 AS tens, sum(amount) FROM orders GROUP BY qty / 10

-- row 28
SELECT count(*), max(amount) FROM orders GROUP BY status

-- row 28
SELECT lower(name), count(*) FROM users GROUP BY lower(name)

-- row 28
SELECT date_trunc('month', placed) AS month, count(*) FROM orders GROUP BY month

-- row 28
SELECT country, city, email, count(*) FROM users GROUP BY country, city, email

-- row 28
SELECT score, joined, feel, count(*) FROM users GROUP BY 1, 2, 3

-- row 28
SELECT name::varchar(2) AS two, count(*) FROM users GROUP BY two

-- row 28
SELECT coalesce(name, 'x') AS c, count(*) FROM users GROUP BY c

-- row 28, args 7
SELECT qty / $1 AS q, count(*) FROM orders GROUP BY qty / $1

-- row 28
SELECT status, paid, min(qty) FROM orders GROUP BY (status, paid)

-- row 28
SELECT min(tags), max(tags) FROM users GROUP BY active

-- row 28
SELECT spot, count(*), max(seen) FROM events GROUP BY spot

-- row 17, ordered
SELECT DISTINCT spot, seen FROM events ORDER BY spot, seen LIMIT 9

-- row 37, gather
SELECT a.spot, b.n FROM events a, events b WHERE a.n = b.user_id AND (a.spot).x = 2

-- row 28
SELECT (spot).y, count(*) FROM events GROUP BY (spot).y

-- row 28
SELECT tags, count(*) FROM users GROUP BY tags

-- row 28, loose
SELECT price, count(*) FROM orders GROUP BY price

-- row 28
SELECT rating, count(*) FROM users GROUP BY rating

-- row 28
SELECT extract(year from placed) AS year, count(*) FROM orders GROUP BY 1

-- row 28
SELECT status, status || '!' AS loud, (status IS NULL)::int + count(*) AS n FROM orders GROUP BY orders.status

-- row 28
SELECT lower(city) AS c, count(*) FROM users GROUP BY 1

-- row 28
SELECT doc->>'b' AS b, sum((doc->>'a')::int) FROM users GROUP BY doc->>'b'

-- row 28
SELECT status AS amount, count(*) FROM orders GROUP BY amount, status

-- row 28
SELECT 'k' AS k, count(*) FROM orders GROUP BY k

-- row 28
SELECT DISTINCT count(*) FROM orders GROUP BY status

-- row 29, ordered, float
SELECT user_id, count(*), sum(weight) AS w, array_agg(id ORDER BY id) FROM orders GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 10

-- row 29, ordered
SELECT user_id, string_agg(status, ',' ORDER BY id) FROM orders GROUP BY user_id HAVING sum(qty) > 40 ORDER BY user_id

-- row 29, ordered
SELECT user_id, paid, avg(amount) AS a FROM orders GROUP BY 1, 2 ORDER BY a DESC NULLS LAST, 1, 2 LIMIT 12

-- row 29
SELECT u.user_id, u.name, count(o.id) FROM users u LEFT JOIN orders o ON o.user_id = u.user_id GROUP BY u.user_id

-- row 29
SELECT DISTINCT count(*) FROM orders GROUP BY user_id

-- row 29, ordered
SELECT user_id, max(status) FROM orders GROUP BY user_id ORDER BY max(status), user_id LIMIT 9

-- row 29, ordered
SELECT count(*) AS n FROM orders GROUP BY user_id ORDER BY n DESC, user_id LIMIT 7

-- row 30
SELECT status, count(*) FROM orders GROUP BY status HAVING count(*) > 60

-- row 30
SELECT status FROM orders GROUP BY status HAVING sum(qty) > 500 AND status <> 'new'

-- row 30, args 60
SELECT status FROM orders GROUP BY status HAVING count(*) > $1

-- row 30
SELECT 'many' FROM orders HAVING count(*) > 10

-- row 30
SELECT 'never' FROM orders HAVING count(*) < 10

-- row 30
SELECT 1 AS one FROM orders HAVING true

-- row 31, ordered
SELECT status, count(*) AS n FROM orders GROUP BY status ORDER BY n DESC, status LIMIT 3

-- row 31, ordered
SELECT kind FROM events GROUP BY kind ORDER BY sum(n) DESC LIMIT 2 OFFSET 1

-- row 31, ordered
SELECT country, avg(score) FROM users GROUP BY country ORDER BY 2 DESC NULLS LAST, country LIMIT 4

-- row 31, ordered
SELECT name, count(*) FROM users GROUP BY name ORDER BY name

-- row 31, ordered
SELECT city, count(*) FROM users GROUP BY city ORDER BY city DESC

-- row 31, ordered, args 2
SELECT status, sum(amount) FROM orders GROUP BY status ORDER BY sum(amount) DESC FETCH FIRST $1 ROWS ONLY

-- row 31
SELECT kind, seen, count(*) FROM events GROUP BY kind, seen ORDER BY count(*) FETCH FIRST 3 ROWS WITH TIES

-- row 32
SELECT status, paid, count(*) FROM orders GROUP BY ROLLUP (status, paid)

-- row 32
SELECT status AS s, paid, sum(qty), grouping(status) FROM orders GROUP BY GROUPING SETS ((s), (paid), ())

-- row 32
SELECT country, active, count(*) FROM users GROUP BY CUBE (1, 2)

-- row 33, ordered
SELECT user_id, id, row_number() OVER (PARTITION BY user_id ORDER BY amount, id) AS rn FROM orders ORDER BY user_id, rn

-- row 33
SELECT user_id, id, sum(qty) OVER w, lag(amount) OVER (w ORDER BY id) FROM orders WINDOW w AS (PARTITION BY user_id)

-- row 34
SELECT user_id, rank() OVER (ORDER BY score DESC NULLS LAST, user_id) FROM users

-- row 34
SELECT user_id, id, status, row_number() OVER (PARTITION BY status ORDER BY user_id, id), count(*) OVER () FROM orders

-- row 34
SELECT status, count(*), rank() OVER (ORDER BY count(*) DESC), sum(count(*)) OVER () AS total FROM orders GROUP BY status

-- row 34
SELECT user_id, name, first_value(name) OVER w FROM users WINDOW w AS (PARTITION BY country ORDER BY user_id)

-- row 35
SELECT u.name, o.id, o.amount FROM users u JOIN orders o ON u.user_id = o.user_id

-- row 35, ordered
SELECT u.*, o.id FROM users u LEFT JOIN orders o USING (user_id) ORDER BY user_id, o.id LIMIT 20

-- row 35
SELECT * FROM users u FULL JOIN events e USING (user_id)

-- row 35, ordered
SELECT u.user_id, o.id, e.n FROM users u, orders o, events e WHERE u.user_id = o.user_id AND o.user_id = e.user_id AND e.n > 5 ORDER BY 1, 2, 3

-- row 36
SELECT u.country, count(*), sum(o.amount) FROM users u JOIN orders o ON u.user_id = o.user_id GROUP BY u.country

-- row 36, ordered
SELECT o.status, max(u.name) AS m FROM users u JOIN orders o USING (user_id) GROUP BY o.status ORDER BY m, o.status

-- row 38
SELECT u.name, c.title FROM users u JOIN countries c ON u.country = c.code

-- row 38
SELECT u.name, c.title FROM users u LEFT JOIN countries c ON u.country = c.code

-- row 38
SELECT c.title, c.region, count(*) FROM users u JOIN countries c ON u.country = c.code GROUP BY c.code

-- row 38
SELECT c.region, count(DISTINCT u.name), avg(u.score) FROM users u LEFT JOIN countries c ON u.country = c.code GROUP BY c.region

-- row 38
SELECT c.title, percentile_cont(0.5) WITHIN GROUP (ORDER BY u.score) FROM users u JOIN countries c ON u.country = c.code GROUP BY c.code

-- row 41
SELECT user_id, name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.user_id AND o.qty > 30)

-- row 41
SELECT user_id FROM users u WHERE NOT EXISTS (SELECT FROM orders o WHERE o.user_id = u.user_id)

-- row 41
SELECT u.user_id, (SELECT count(*) FROM orders o WHERE o.user_id = u.user_id) AS n FROM users u

-- row 41, ordered
SELECT u.name, (SELECT max(amount) FROM orders o WHERE o.user_id = u.user_id) AS m FROM users u ORDER BY m, u.user_id

-- row 41
SELECT u.user_id, l.id FROM users u, LATERAL (SELECT id FROM orders o WHERE o.user_id = u.user_id ORDER BY amount DESC, id LIMIT 2) l

-- row 41
SELECT sum((SELECT count(*) FROM orders o WHERE o.user_id = u.user_id)) FROM users u

-- row 44
SELECT x.n, count(*) FROM (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) x GROUP BY x.n

-- row 44
SELECT avg(n) FROM (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) x

-- row 44
SELECT count(*) FROM (SELECT status, count(*) AS n FROM orders GROUP BY status) x

-- row 44
SELECT * FROM (SELECT user_id, score FROM users ORDER BY score LIMIT 3) x

-- row 44, ordered
SELECT * FROM (SELECT user_id, name AS who FROM users WHERE active) x ORDER BY user_id

-- row 45
WITH big AS (SELECT user_id, amount FROM orders WHERE amount > 500) SELECT user_id, amount FROM big

-- row 45
WITH big AS (SELECT user_id, amount FROM orders WHERE amount > 500) SELECT count(*) FROM big

-- row 47
SELECT user_id, name FROM users UNION ALL SELECT user_id, kind FROM events

-- row 47, ordered
SELECT user_id, id AS n FROM orders UNION ALL SELECT user_id, n::int4 FROM events ORDER BY user_id DESC, n LIMIT 20

-- row 47, ordered
SELECT name, user_id FROM users UNION ALL SELECT status, user_id FROM orders ORDER BY name, 2

-- row 47
SELECT user_id FROM users UNION ALL SELECT length(code)::int8 FROM countries

-- row 48
SELECT name FROM users UNION SELECT kind FROM events

-- row 48, ordered
SELECT name FROM users UNION SELECT status FROM orders UNION ALL SELECT NULL FROM events ORDER BY 1 LIMIT 8

-- row 48
SELECT user_id FROM users EXCEPT SELECT user_id FROM orders

-- row 48
SELECT count(*) FROM users UNION ALL SELECT count(*) FROM orders

-- row 50
SELECT user_id, g FROM users, generate_series(1, 2) g

-- row 50, ordered
SELECT user_id, unnest(tags) AS tag FROM users ORDER BY user_id, tag

-- row 51
SELECT EXISTS (SELECT 1 FROM orders WHERE qty > 30)

-- row 51
SELECT NOT EXISTS (SELECT 1 FROM orders WHERE qty > 3000) AS none, EXISTS (SELECT FROM users WHERE name = 'bob' LIMIT 1)

-- row 51
SELECT EXISTS (SELECT status FROM orders GROUP BY status HAVING count(*) > 65)

-- row 52
SELECT * FROM users TABLESAMPLE BERNOULLI (50)

-- row 52
SELECT user_id FROM users WHERE active FOR UPDATE

-- row 52
SELECT user_id FROM users ORDER BY user_id LIMIT 3 FOR UPDATE

-- row 52
SELECT ctid FROM users

-- row 52, chance
SELECT user_id FROM users WHERE random() < 0.5

-- row 52, some
SELECT user_id, random() AS r FROM users ORDER BY r LIMIT 5

-- row 37, gather
SELECT a.user_id, b.user_id FROM users a JOIN users b ON a.score < b.score AND a.country = b.country WHERE a.active AND b.name = 'bob'

-- row 37, gather
SELECT count(*) FROM users CROSS JOIN events

-- row 37, gather
SELECT * FROM users u JOIN events e ON u.user_id = e.n

-- row 37, gather, ordered
SELECT users.name, o.status AS users FROM users, orders AS o(uid, id) WHERE users.user_id = o.id ORDER BY o.uid, o.id, 1 LIMIT 20

-- row 37, gather
SELECT name FROM users NATURAL JOIN (SELECT n AS user_id FROM events) e

-- row 39, gather
SELECT c.code, u.user_id FROM countries c LEFT JOIN users u ON u.country = c.code

-- row 39, gather
SELECT c.title, count(u.*) FROM countries c LEFT JOIN users u ON u.country = c.code GROUP BY c.code

-- row 39, gather
SELECT c.title, count(u.user_id) FROM countries c LEFT JOIN users u ON u.country = c.code GROUP BY c.code

-- row 39, gather
SELECT title FROM countries c WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.country = c.code)

-- row 42, gather
SELECT name FROM users WHERE user_id NOT IN (SELECT n FROM events WHERE n IS NOT NULL)

-- row 42, gather, args 30
SELECT user_id, id FROM orders WHERE amount > (SELECT avg(amount) FROM orders) AND qty > $1

-- row 43, gather
SELECT u.user_id, (SELECT count(*) FROM events e WHERE e.n > u.score) FROM users u

-- row 44, gather
SELECT u.name, x.m FROM users u JOIN (SELECT status, max(user_id) AS m FROM orders GROUP BY status) x ON x.m = u.user_id

-- row 44, gather, ordered
SELECT x.* FROM (SELECT user_id, score FROM users ORDER BY score DESC NULLS LAST, user_id LIMIT 7) x ORDER BY user_id

-- row 46, gather
WITH users AS (SELECT * FROM orders), o AS (SELECT status AS s FROM users) SELECT a.s, count(*) FROM o a, o b WHERE a.s = b.s GROUP BY a.s

-- row 46, gather
WITH RECURSIVE r(u, d) AS (SELECT user_id, 0 FROM users WHERE user_id = 1 UNION SELECT e.n, d + 1 FROM events e, r WHERE e.user_id = r.u AND d < 3) SELECT * FROM r

-- row 48, gather
SELECT user_id FROM users EXCEPT SELECT n FROM events

-- row 48, gather
SELECT name FROM users INTERSECT SELECT status FROM orders

-- row 48, gather, ordered
SELECT count(*) FROM users UNION ALL SELECT count(*) FROM orders ORDER BY 1

-- row 37, gather
SELECT w.users.name FROM w.users, w.events WHERE w.users.user_id = events.n

-- row 37, gather
SELECT u FROM users u, events e WHERE u.user_id = e.n

-- row 37, gather
SELECT row_to_json(u.*) FROM users u, events e WHERE u.user_id = e.n

-- row 37, gather
SELECT u.name, count(*) FROM users u JOIN events e ON u.user_id = e.n GROUP BY u.user_id

-- row 52, gather
SELECT u.name FROM users u JOIN events e ON u.user_id = e.n FOR UPDATE

-- row 42, subplan
SELECT name FROM users WHERE user_id NOT IN (SELECT n FROM events WHERE n IS NOT NULL)

-- row 42, subplan
SELECT name FROM users WHERE user_id NOT IN (SELECT n FROM events UNION ALL SELECT NULL FROM users)

-- row 42, subplan
SELECT name FROM users WHERE user_id NOT IN (SELECT nullif(n, 3) FROM events)

-- row 42, subplan, args 5,30
SELECT user_id, id FROM orders WHERE amount > (SELECT avg(amount) FROM orders WHERE qty > $1) AND qty > $2

-- row 42, subplan, ordered
SELECT user_id, name FROM users WHERE name IN (SELECT name FROM users GROUP BY name ORDER BY count(*) DESC, name LIMIT 3) ORDER BY user_id

-- row 42, subplan
SELECT status, count(*) FROM orders WHERE qty < ALL (SELECT n FROM events WHERE n > 10) AND EXISTS (SELECT FROM users WHERE name = 'bob') GROUP BY status

-- row 42, subplan
SELECT user_id, (SELECT max(name) FROM users) AS top FROM users WHERE NOT EXISTS (SELECT 1 FROM orders WHERE qty > 300)

-- row 42, subplan
SELECT user_id, score / (SELECT max(score) FROM users) FROM users

-- row 42, subplan
SELECT status FROM orders GROUP BY status HAVING count(*) > (SELECT avg(n) FROM events)
