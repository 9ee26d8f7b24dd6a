-- Rows 10 to 18: scans, order, limits, distinct.

--! rows 10
SELECT * FROM users;

--! rows 10
SELECT id, name, balance FROM users WHERE balance > 1;

--! rows 10
SELECT * FROM orders WHERE status = 'paid' AND qty > 2;

--! rows 10
SELECT id, balance * 2, upper(name), age + 1 AS next FROM users WHERE active;

--! rows 10
SELECT slug, credit FROM accounts WHERE credit IS NULL OR credit = 8;

--! rows 10
--! args text köln | int4 18
SELECT id, city FROM users WHERE lower(city) = $1 AND age >= $2;

--! rows 10
SELECT id, feel, tags, prefs, span, code FROM users WHERE feel = 'happy' OR tags @> '{a}';

--! rows 10
--! hollow
SELECT * FROM drafts;

--! rows 10
SELECT * FROM badges;

--! rows 10
SELECT u::text FROM users u WHERE u.age = 17;

--! rows 10
SELECT b FROM badges b;

--! rows 10
SELECT ROW(id, age), name FROM users WHERE level = 3;

--! rows 10
SELECT id, score FROM users WHERE score = 'NaN' OR score = 0;

--! rows 10
SELECT tableoid::regclass::text, id FROM orders WHERE qty = 9;

--! rows 28
SELECT o.tableoid::regclass::text AS t, status, count(*) FROM orders o GROUP BY 1, 2;

--! rows 10
SELECT id FROM users WHERE CAST(CAST(users.tableoid AS regclass) AS text) = 'users' AND level = 3;

--! rows 10
--! refuse
--! hollow
SELECT id FROM users WHERE tableoid = 0;

--! rows 10
--! refuse
SELECT ctid IS NULL, xmin IS NULL, id FROM users WHERE level = 3;

--! rows 11
--! ordered
SELECT id, name FROM users ORDER BY id;

--! rows 11
--! ordered
SELECT id, name FROM users ORDER BY id DESC LIMIT 7;

--! rows 11
--! ordered
SELECT id, age FROM users ORDER BY age, id LIMIT 10 OFFSET 5;

--! rows 11
--! ordered
SELECT age, id FROM users ORDER BY 1 DESC, 2;

--! rows 11
--! args int8 5 | int8 3
--! ordered
SELECT id, level FROM users ORDER BY level, id LIMIT $1 OFFSET $2;

--! rows 11
--! args int8 NULL | int8 NULL
--! ordered
SELECT id FROM users ORDER BY id LIMIT $1 OFFSET $2;

--! rows 11
--! args int8 -1
--! ordered
SELECT id FROM users ORDER BY id LIMIT $1;

--! rows 11
--! args int8 -1
--! ordered
SELECT id FROM users ORDER BY id OFFSET $1;

--! rows 11
--! hollow
SELECT id FROM users ORDER BY id LIMIT 0;

--! rows 11
--! hollow
SELECT id FROM users ORDER BY id OFFSET 1000;

--! rows 11
--! ordered
SELECT id, balance FROM users ORDER BY balance, id;

--! rows 11
--! ordered
SELECT id, balance FROM users ORDER BY balance DESC, id DESC LIMIT 9;

--! rows 11
--! ordered
SELECT id, score FROM users ORDER BY score, id;

--! rows 11
--! ordered
SELECT id, score FROM users ORDER BY score DESC, id OFFSET 2;

--! rows 11
--! ordered
SELECT id, email FROM users ORDER BY email, id;

--! rows 11
--! ordered
SELECT id, born FROM users ORDER BY born DESC, id LIMIT 20;

--! rows 11
--! ordered
SELECT id, created FROM users ORDER BY created, id;

--! rows 11
--! ordered
SELECT id, active FROM users ORDER BY active, id;

--! rows 11
--! ordered
SELECT id, code FROM users ORDER BY code COLLATE "C", id;

--! rows 11
--! ordered
SELECT id, user_id, label FROM devices ORDER BY id;

--! rows 11
--! ordered
SELECT at, id, kind FROM events ORDER BY at DESC, id DESC LIMIT 12;

--! rows 11
--! ordered
SELECT user_id, id, amount FROM orders WHERE amount > 10 ORDER BY amount DESC NULLS LAST, user_id, id LIMIT 15;

--! rows 11
--! ordered
SELECT slug AS name FROM accounts ORDER BY name DESC;

--! rows 11
--! ordered
SELECT * FROM visits ORDER BY day, tenant, page, hits LIMIT 4 OFFSET 40;

--! rows 11
--! ordered
SELECT user_id, id FROM orders ORDER BY qty, rate, placed, user_id, id;

--! rows 12
--! ordered
SELECT id, city FROM users ORDER BY city, id;

--! rows 12
--! ordered
SELECT id, name FROM users ORDER BY name COLLATE "und-x-icu", id LIMIT 30;

--! rows 12
--! ordered
SELECT id, span FROM users ORDER BY span, id;

--! rows 12
--! ordered
SELECT id, feel FROM users ORDER BY feel, id;

--! rows 12
--! ordered
SELECT id, feel FROM users ORDER BY feel DESC, id LIMIT 25;

--! rows 12
--! ordered
SELECT id, prefs FROM users ORDER BY prefs, id;

--! rows 12
--! ordered
SELECT id, tags FROM users ORDER BY tags DESC, id;

--! rows 12
--! ordered
SELECT id, age FROM users ORDER BY age USING >, id;

--! rows 12
--! ordered
SELECT id, (age, level) AS pair FROM users ORDER BY (age, level), id;

--! rows 13
--! ordered
SELECT name FROM users ORDER BY age, id;

--! rows 13
--! ordered
SELECT id, name FROM users ORDER BY age + level, id DESC;

--! rows 13
--! ordered
SELECT id FROM users ORDER BY balance * -1, id LIMIT 11;

--! rows 13
--! ordered
SELECT id, age * 2 AS double FROM users ORDER BY double DESC, id;

--! rows 13
--! ordered
SELECT note FROM orders ORDER BY amount, user_id, id LIMIT 20;

--! rows 13
--! ordered
SELECT id FROM users ORDER BY abs(id), id DESC;

--! rows 13
--! ordered
SELECT name AS id FROM users ORDER BY users.id;

--! rows 13
--! ordered
SELECT city FROM users ORDER BY lower(email), id;

--! rows 13
--! ordered
SELECT id, email FROM users ORDER BY coalesce(email, 'none'), id;

--! rows 14
--! ordered
SELECT id, age FROM users ORDER BY age NULLS FIRST, id;

--! rows 14
--! ordered
SELECT id, age FROM users ORDER BY age DESC NULLS LAST, id LIMIT 50;

--! rows 14
--! ordered
SELECT id, email FROM users ORDER BY email DESC NULLS LAST, level NULLS FIRST, id;

--! rows 14
--! ordered
SELECT id, score FROM users ORDER BY score DESC NULLS LAST, id;

--! rows 15
--! ordered
SELECT age FROM users ORDER BY age FETCH FIRST 8 ROWS WITH TIES;

--! rows 15
SELECT id, level FROM users ORDER BY level FETCH FIRST 3 ROWS WITH TIES;

--! rows 15
--! ordered
SELECT age FROM users ORDER BY age DESC NULLS LAST OFFSET 2 FETCH NEXT 5 ROWS WITH TIES;

--! rows 16
--! within SELECT id, name FROM users
SELECT id, name FROM users LIMIT 5;

--! rows 16
--! within SELECT user_id, id FROM orders WHERE qty > 3
--! args int8 10
SELECT user_id, id FROM orders WHERE qty > 3 LIMIT 10;

--! rows 16
--! within SELECT id FROM users
SELECT id FROM users LIMIT 1000 OFFSET 20;

--! rows 16
--! within SELECT age FROM users WHERE age = 45
SELECT age FROM users WHERE age = 45 FETCH FIRST ROW ONLY;

--! rows 17
SELECT DISTINCT age FROM users;

--! rows 17
--! ordered
SELECT DISTINCT city FROM users ORDER BY city;

--! rows 17
SELECT DISTINCT status, qty FROM orders;

--! rows 17
--! ordered
SELECT DISTINCT country, level FROM users ORDER BY level DESC, country LIMIT 8;

--! rows 17
--! ordered
SELECT DISTINCT ON (age) age, id, name FROM users ORDER BY age, id;

--! rows 17
--! ordered
SELECT DISTINCT ON (status) status, user_id, id, amount FROM orders ORDER BY status, amount DESC NULLS LAST, user_id, id;

--! rows 17
SELECT DISTINCT score FROM users WHERE score IS DISTINCT FROM '-0';

--! rows 17
SELECT DISTINCT upper(kind) FROM events;

--! rows 17
SELECT DISTINCT active FROM users LIMIT 3;

--! rows 18
SELECT DISTINCT id, age FROM users;

--! rows 18
SELECT DISTINCT user_id, status FROM orders;

--! rows 18
--! ordered
SELECT DISTINCT user_id, status FROM orders ORDER BY status, user_id LIMIT 20;

--! rows 18
--! ordered
SELECT DISTINCT ON (user_id) user_id, id, qty FROM orders ORDER BY user_id, qty DESC, id;

--! rows 18
SELECT DISTINCT tenant, page FROM visits;

