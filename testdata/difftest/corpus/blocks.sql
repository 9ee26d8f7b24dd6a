-- Rows 44 to 54: derived tables, CTEs, set operations and the rest of SELECT.

--! rows 44
SELECT count(*), avg(n) FROM (SELECT age, count(*) AS n FROM users GROUP BY age) t;

--! rows 44
--! ordered
SELECT id, name FROM (SELECT id, name, age FROM users ORDER BY age DESC NULLS LAST, id LIMIT 10) t ORDER BY id;

--! rows 44
WITH top AS (SELECT user_id, sum(amount) AS total FROM orders GROUP BY user_id ORDER BY total DESC NULLS LAST, user_id LIMIT 5) SELECT u.name, top.total FROM users u JOIN top ON top.user_id = u.id;

--! rows 44
SELECT max(n) FROM (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) t;

--! rows 44
SELECT status, n FROM (SELECT status, count(*) AS n FROM orders GROUP BY status) t WHERE n > 20;

--! rows 44
SELECT count(*) FROM (SELECT DISTINCT age FROM users) t;

--! rows 44
WITH n AS (SELECT count(*) AS c FROM users) SELECT id, c FROM users, n WHERE level = 1;

--! rows 45
WITH adult AS (SELECT id, name FROM users WHERE age >= 18) SELECT name FROM adult WHERE id < 150;

--! rows 45
--! ordered
WITH o AS (SELECT user_id, id, amount FROM orders WHERE status = 'new') SELECT u.name, o.amount FROM users u JOIN o ON o.user_id = u.id ORDER BY u.id, o.id;

--! rows 45
SELECT count(*) FROM (SELECT id FROM users WHERE active) t;

--! rows 45
--! ordered
SELECT t.id, t.a FROM (SELECT id, age + 1 AS a FROM users) t WHERE t.a > 40 ORDER BY t.a, t.id LIMIT 9;

--! rows 45
--! args int8 42
WITH one AS (SELECT * FROM users WHERE id = $1) SELECT name, city FROM one;

--! rows 45
WITH a AS (SELECT id, country FROM users), b AS (SELECT * FROM a WHERE country = 'DE') SELECT count(*), min(id) FROM b;

--! rows 46
WITH a AS (SELECT id, age FROM users WHERE age IS NOT NULL) SELECT count(*) FROM a x JOIN a y ON x.age = y.age;

--! rows 46
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t;

--! rows 46
WITH RECURSIVE t(id) AS (SELECT 1::int8 UNION SELECT u.id FROM users u JOIN t ON u.id = t.id + 1) SELECT id FROM t;

--! rows 46
WITH a AS MATERIALIZED (SELECT country, count(*) AS n FROM users GROUP BY country) SELECT x.country, y.country FROM a x JOIN a y ON x.n > y.n;

--! rows 47
SELECT id, name FROM users WHERE age = 17 UNION ALL SELECT id, name FROM users WHERE age = 99;

--! rows 47
--! ordered
SELECT id AS n FROM users WHERE level = 5 UNION ALL SELECT user_id FROM orders WHERE qty = 9 ORDER BY n;

--! rows 47
SELECT slug AS what FROM accounts UNION ALL SELECT badge FROM badges UNION ALL SELECT kind FROM events WHERE size > 35;

--! rows 47
--! ordered
(SELECT id FROM users WHERE active) UNION ALL (SELECT user_id FROM badges) ORDER BY 1 DESC LIMIT 12;

--! rows 47
SELECT id FROM users WHERE id = 3 UNION ALL SELECT id FROM users WHERE id = 300;

--! rows 47
SELECT id::text FROM users WHERE level = 1 UNION ALL SELECT code FROM countries;

--! rows 48
SELECT age FROM users UNION SELECT qty FROM orders;

--! rows 48
SELECT level::int4 FROM users INTERSECT SELECT qty FROM orders;

--! rows 48
SELECT id FROM users EXCEPT SELECT user_id FROM orders;

--! rows 48
SELECT product FROM orders EXCEPT ALL SELECT id FROM products;

--! rows 48
SELECT count(*) FROM users UNION ALL SELECT count(*) FROM orders;

--! rows 48
--! ordered
SELECT 'users' AS what, count(*) FROM users UNION ALL SELECT 'orders', count(*) FROM orders UNION ALL SELECT 'drafts', count(*) FROM drafts ORDER BY what;

--! rows 48
SELECT country FROM users UNION SELECT code FROM countries;

--! rows 48
SELECT name FROM users WHERE level = 2 INTERSECT SELECT name FROM users WHERE level = 1;

--! rows 48
SELECT id, name FROM users WHERE age < 40 UNION SELECT id, name FROM users WHERE level = 2;

--! rows 48
(SELECT id FROM users ORDER BY age, id LIMIT 3) UNION ALL (SELECT id FROM users ORDER BY age DESC NULLS LAST, id LIMIT 3);

--! rows 49
SELECT 1 + 1 AS two, 'x' AS x;

--! rows 49
VALUES (1, 'a'), (2, 'b');

--! rows 49
SELECT now() = now(), current_date <= now()::date, current_user;

--! rows 49
SELECT generate_series(1, 4);

--! rows 49
--! args text abc | int4 2
SELECT upper($1), repeat($1, $2), length($1);

--! rows 49
SELECT 1 / 0;

--! rows 49
SELECT;

--! rows 49
SELECT doubled(21);

--! rows 48
(SELECT level, age FROM users UNION SELECT product, qty FROM orders) EXCEPT SELECT id, 1 FROM products;

--! rows 48
SELECT city FROM users INTERSECT SELECT city FROM users WHERE level = 2;

--! rows 48
SELECT max(amount), 'top' FROM orders UNION ALL SELECT amount, status FROM orders WHERE qty = 9;

--! rows 48
--! args int4 30 | numeric 20
SELECT count(*) FROM users WHERE age > $1 UNION ALL SELECT sum(amount) FROM orders WHERE amount > $2 UNION ALL SELECT $1;

--! rows 44
WITH RECURSIVE r(n) AS (SELECT max(level)::int4 FROM users UNION ALL SELECT n - 1 FROM r WHERE n > 0) SELECT n FROM r;

--! rows 44
SELECT t.status, c.code FROM (SELECT status, count(*) AS n FROM orders GROUP BY status) t LEFT JOIN countries c ON c.code < t.status;

--! rows 53
SELECT b.status, c.n FROM by_status b JOIN (SELECT status, min(note) AS n FROM orders GROUP BY status) c USING (status);

--! rows 32
SELECT lower(status), qty % 3, count(DISTINCT product), max(note), grouping(qty % 3) FROM orders GROUP BY ROLLUP (lower(status)), 2 HAVING count(*) > 1;

--! rows 50
SELECT u.id, g FROM users u, generate_series(1, 2) g WHERE u.age = 30;

--! rows 50
SELECT g, u.id FROM generate_series(1, 5) g LEFT JOIN users u ON u.id = g;

--! rows 50
SELECT u.id, t FROM users u, unnest(u.tags) t;

--! rows 50
SELECT id, unnest(tags) FROM users WHERE level = 2;

--! rows 50
SELECT g, count(o.id) FROM generate_series(1, 9) g LEFT JOIN orders o ON o.qty = g GROUP BY g;

--! rows 50
--! args _int8 {1,2,300}
SELECT x, u.name FROM unnest($1) x JOIN users u ON u.id = x;

--! rows 50
SELECT u.id, v.w FROM users u JOIN (VALUES (17, 'young'), (99, 'old')) v(a, w) ON v.a = u.age;

--! rows 51
SELECT EXISTS (SELECT 1 FROM users WHERE age = 99);

--! rows 51
SELECT EXISTS (SELECT 1 FROM drafts), NOT EXISTS (SELECT 1 FROM users WHERE age > 200);

--! rows 51
SELECT EXISTS (SELECT 1 FROM orders WHERE user_id = 3) AND true;

--! rows 51
--! args text gold
SELECT EXISTS (SELECT 1 FROM badges WHERE badge = $1) AS has;

--! rows 51
SELECT (SELECT count(*) FROM users), (SELECT max(qty) FROM orders);

--! rows 52
--! refuse
SELECT count(*) FROM users TABLESAMPLE SYSTEM (100);

--! rows 52
SELECT id, name FROM users WHERE age = 45 FOR UPDATE;

--! rows 52
SELECT user_id, id FROM orders WHERE qty > 7 FOR SHARE;

--! rows 52
--! refuse
--! ordered
SELECT id FROM users ORDER BY id LIMIT 5 FOR UPDATE;

--! rows 52
SELECT id FROM users WHERE id = 42 FOR UPDATE;

--! rows 52
SELECT count(*) FROM users FOR UPDATE;

--! rows 52
SELECT id FROM users WHERE level = 5 FOR NO KEY UPDATE SKIP LOCKED;

--! rows 53
SELECT id, name FROM adults WHERE age > 40;

--! rows 53
--! ordered
SELECT * FROM adults ORDER BY id LIMIT 6;

--! rows 53
SELECT user_id, orders, amount FROM spending WHERE orders > 2;

--! rows 53
SELECT * FROM by_status;

--! rows 53
SELECT * FROM spending WHERE user_id = 42;

--! rows 53
--! refuse
SELECT * FROM strangers;

--! rows 53
SELECT * FROM nowhere;

--! rows 53
SELECT nothing FROM users;

--! rows 53
--! refuse
SELECT u.id FROM users u JOIN strangers s ON s.id = u.id;

--! rows 53
SELECT relname FROM pg_class WHERE relname = 'users';

--! rows 53
SELECT column_name FROM information_schema.columns WHERE table_name = 'badges' ORDER BY ordinal_position;

--! rows 53
SELECT id FORM users;

--! rows 53
SELECT id, 1 / (id - 3) FROM users;

--! rows 53
SELECT name::int4 FROM users;

--! rows 54
--! alone
CREATE TEMP TABLE mine (id int8, what text);
INSERT INTO mine VALUES (3, 'three'), (1700, 'more');
SELECT * FROM mine;
SELECT u.id, m.what FROM users u JOIN mine m ON m.id = u.id;

--! rows 54
--! alone
CREATE TEMP TABLE copied AS SELECT id, age FROM users;
SELECT count(*), sum(age) FROM copied;

--! rows 54
--! alone
--! ordered
SELECT id, age INTO TEMP picked FROM users WHERE age > 40;

