-- What `wye demo` asks of the sharded database, step by step, to read, run and
-- change:
--
--   psql 'postgres://app:...@127.0.0.1:6432/store' -f testdata/demo/shards.sql
--
-- The demo prints this line with the password of its run. users and orders
-- stand on two shards by the hash of the user's id, events by date, countries
-- on both.
\set ON_ERROR_STOP on

-- 13 direct: the key says the shard, and nobody else is asked.
SELECT name, balance FROM users WHERE id = 42;
EXPLAIN ROUTE SELECT name, balance FROM users WHERE id = 42;
EXPLAIN ROUTE SELECT what FROM events WHERE day = '2026-02-01';

-- 14 scatter: each shard groups its own rows, and one PostgreSQL adds up.
SELECT c.name, count(*), sum(o.total), avg(o.total)::numeric(12,4) FROM users u JOIN orders o ON o.user_id = u.id JOIN countries c ON c.code = u.country GROUP BY c.name ORDER BY c.name;
EXPLAIN ROUTE SELECT country, count(*), sum(balance) FROM users GROUP BY country ORDER BY country;

-- 15 merge: rows of both shards in one order; no shard sends more than it must.
SELECT id, balance FROM users ORDER BY balance DESC, id LIMIT 10 OFFSET 990;
EXPLAIN ROUTE SELECT id, balance FROM users ORDER BY balance DESC, id LIMIT 10 OFFSET 990;

-- 16 transfer: on both shards or on none.
BEGIN;
UPDATE users SET balance = balance - 100 WHERE id = 1;
UPDATE users SET balance = balance + 100 WHERE id = 2;
COMMIT;
SELECT sum(balance) AS money FROM users;

-- 17 refusal: no part of the rows knows the median, so they must be moved.
SET wye.gather = off;
\set ON_ERROR_STOP off
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY balance) FROM users;
\set ON_ERROR_STOP on
SET wye.gather = on;
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY balance) FROM users;
