-- Aggregates whose parts may be put together without a PostgreSQL: what is easy
-- to get wrong there. Rows 19 to 31.

-- No row at all: count is 0, the others are NULL; with a group there is none.
--! rows 20 19
SELECT count(*), sum(words), avg(words), min(words), bool_and(words > 0), coalesce(sum(words), 0), coalesce(max(words), -1) FROM drafts;

--! rows 28
--! hollow
SELECT words, count(*), sum(words) FROM drafts GROUP BY words;

--! rows 19
SELECT count(*), count(*) FILTER (WHERE active), sum(age) FILTER (WHERE age > 1000) FROM users WHERE id > 10000000;

-- Few shards have badges.
--! rows 28
--! ordered
SELECT badge, count(*), count(points), sum(points), avg(points), max(points) FROM badges GROUP BY badge ORDER BY count(*) DESC, sum(points) NULLS FIRST, min(user_id);

-- NULL is one group, '' another, and case and accents count.
--! rows 28
SELECT country, count(*), sum(age), avg(age), min(born), max(created) FROM users GROUP BY country;

--! rows 28
SELECT name, count(*), bool_and(active), bool_or(active), every(age > 20) FROM users GROUP BY name;

--! rows 28
SELECT lower(name), upper(name), count(*) FROM users GROUP BY 1, 2;

--! rows 28
SELECT note, status, count(*), max(placed) FROM orders GROUP BY note, status;

--! rows 28
SELECT city, count(*) FROM users GROUP BY city;

--! rows 28
SELECT lower(email), max(email), min(email), count(email) FROM users GROUP BY 1;

--! rows 28
SELECT active, age IS NULL, age > 30 AND active, count(*), sum(level) FROM users GROUP BY 1, 2, 3;

--! rows 28
SELECT born, created::date, date_trunc('month', created), count(*) FROM users GROUP BY 1, 2, 3;

--! rows 28
SELECT placed, count(*), min(placed), max(placed::date) FROM orders GROUP BY placed;

--! rows 28
SELECT code, count(*) FROM users GROUP BY code;

-- Keys that print differently and are equal.
--! rows 28
SELECT score + 0, count(*) FROM users WHERE score <> 'NaN' GROUP BY 1;

--! rows 28
SELECT balance * 2 = balance + balance, rate IS NULL, count(*) FROM users u JOIN orders o ON o.user_id = u.id GROUP BY 1, 2;

--! rows 28
SELECT length(name) % 3, -age, count(*), sum(-age) FROM users GROUP BY 1, 2;

-- Sums of int8 leave int8, and come back.
--! rows 20
SELECT sum(9000000000000000000 + id), avg(9000000000000000000 + id), sum(-9000000000000000000 - id), sum(id * 0) FROM users;

--! rows 28
SELECT active, sum(9000000000000000000 + id), sum((9000000000000000000 + id) * (1 - 2 * (age % 2))), min(9000000000000000000 - id) FROM users GROUP BY active;

--! rows 20
SELECT sum(age * 1000000), sum(-age), avg(-age), avg(level), avg(0 * age) FROM users;

-- The scale of sums and averages.
--! rows 20
SELECT sum(rate), avg(rate), sum(amount * rate), avg(amount / 7), sum(0.000 * qty), avg(amount - 100) FROM orders;

--! rows 28
SELECT qty, sum(rate), avg(rate), avg(amount), sum(amount), avg(amount * 1e30), avg(amount * 1e-30) FROM orders GROUP BY qty;

--! rows 28
SELECT level, sum(balance), avg(balance), count(balance) FROM users GROUP BY level;

--! rows 25
SELECT status, sum(amount) FILTER (WHERE qty > 5), avg(qty) FILTER (WHERE rate > 1), count(*) FILTER (WHERE note IS NULL), max(placed) FILTER (WHERE qty = 1) FROM orders GROUP BY status;

-- HAVING, ORDER BY, LIMIT; ties are broken by the key.
--! rows 31 30
--! ordered
SELECT country, count(*) AS n, sum(age) FROM users GROUP BY country HAVING count(*) >= 2 AND 5 < sum(age) ORDER BY n DESC, sum(age), max(id) LIMIT 4 OFFSET 1;

--! rows 30
SELECT qty, sum(amount) FROM orders GROUP BY qty HAVING sum(amount) > 100 AND avg(amount) <> 3 AND max(amount) <= 99;

--! rows 30
SELECT level FROM users GROUP BY level HAVING sum(balance) > 0;

--! rows 31
--! ordered
SELECT user_id % 7 AS k, sum(qty) FROM orders GROUP BY k ORDER BY sum(qty) DESC NULLS LAST, k DESC NULLS FIRST;

--! rows 31
--! ordered
SELECT status, count(*) FROM orders GROUP BY status ORDER BY status DESC;

--! rows 31
--! ordered
SELECT age FROM users GROUP BY age ORDER BY age NULLS FIRST LIMIT 5;

--! rows 31
--! ordered
SELECT born, min(created) FROM users GROUP BY born ORDER BY min(created) DESC, born LIMIT 6;

--! rows 31
--! ordered
--! args int8 3 | int8 2
SELECT age, count(*) FROM users GROUP BY age ORDER BY count(*) DESC, age LIMIT $1 OFFSET $2;

--! rows 31
--! hollow
SELECT age, count(*) FROM users GROUP BY age ORDER BY 1 LIMIT 0;

--! rows 31
--! ordered
SELECT max(id), active FROM users GROUP BY active ORDER BY avg(id) DESC;

--! rows 20
SELECT count(*) FROM users LIMIT 1;

--! rows 20
--! hollow
SELECT count(*) FROM users OFFSET 1;

--! rows 31
SELECT age, count(*) FROM users GROUP BY age LIMIT -1;

--! rows 26
SELECT active, coalesce(sum(u.id), 0), coalesce(sum(age), 7), coalesce(min(level), 0), coalesce(avg(age), 0), coalesce(sum(amount) FILTER (WHERE qty > 1000), 0) FROM users u JOIN orders o ON o.user_id = u.id GROUP BY active;

-- As the value of a sub-query.
--! rows 42
SELECT id FROM users WHERE age = (SELECT max(age) FROM users) OR created = (SELECT min(created) FROM users);

--! rows 42
SELECT count(*) FROM users WHERE age > (SELECT avg(age) FROM users WHERE age < 60);

--! rows 42
SELECT id, qty FROM orders WHERE qty IN (SELECT max(qty) FROM orders GROUP BY status HAVING count(*) > 3);

-- An error in a part comes before any row.
--! rows 28
SELECT qty, sum(1 / (qty - 5)) FROM orders GROUP BY qty;

-- DISTINCT is a group without an aggregate.
--! rows 17
SELECT DISTINCT country, active FROM users;

--! rows 17
--! ordered
SELECT DISTINCT born, level FROM users ORDER BY born DESC NULLS LAST, level OFFSET 3;

--! rows 17
SELECT DISTINCT note, created::date, name = 'bob' FROM orders JOIN users ON users.id = orders.user_id;

--! rows 17
--! hollow
SELECT DISTINCT words FROM drafts;

