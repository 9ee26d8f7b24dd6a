-- What `wye demo` asks, step by step, to read, run and change:
--
--   psql 'postgres://app:...@127.0.0.1:6432/shop' -v console='postgres://ops:...@127.0.0.1:6432/pgbouncer' -f testdata/demo/tour.sql
--
-- The demo prints this line with the passwords of its run.
\set ON_ERROR_STOP on
\conninfo

-- 1 pooling: the demo has 400 clients ask this at once, for accounts of their choice.
SELECT balance FROM accounts WHERE id = 4711;

-- 2 prepared: drivers prepare by the protocol, which wye shares between
-- clients and server conns: pgbench -n -M prepared -c 200 -T 3 -f testdata/demo/balance.sql URL
-- SQL's own PREPARE works too; it binds the session to its server conn.
PREPARE balance (int) AS SELECT balance FROM accounts WHERE id = $1;
EXECUTE balance (1);
EXECUTE balance (2);
DEALLOCATE balance;

-- 3 state: what a session sets follows it over the server conns.
SET TimeZone = 'Asia/Tokyo'; SET application_name = 'tour'; SET search_path = south;
SELECT current_setting('TimeZone'), current_setting('application_name'), tenant, pg_backend_pid() FROM whoami;

-- 4 pinned: these cannot be shared, so the session keeps its server conn.
CREATE TEMP TABLE basket (item text);
INSERT INTO basket VALUES ('tea'), ('milk');
LISTEN news;
NOTIFY news, 'fresh';
SELECT count(*) FROM basket;
DROP TABLE basket;
UNLISTEN *;

-- 5 cancel: Ctrl-C in psql while it runs SELECT pg_sleep(60) is a cancel
-- request; here the limit of the server ends it.
BEGIN;
SET LOCAL statement_timeout = '50ms';
\set ON_ERROR_STOP off
SELECT pg_sleep(60);
\set ON_ERROR_STOP on
ROLLBACK;

-- 6 losses: another session may say SELECT pg_terminate_backend(the number of
-- step 3); this one notices nothing unless it is running a query just then.
SELECT pg_backend_pid();

-- 7 replica: a write streams to the replica.
UPDATE public.notes SET n = n + 1 WHERE id = 7;

-- 8 reads: what provably only reads goes to the replica, if that is up and
-- has what this session wrote; EXPLAIN ROUTE says where and why. After the
-- DDL of step 4 wye reads the catalog again, and proves nothing meanwhile.
SELECT pg_sleep(1);
EXPLAIN ROUTE SELECT balance FROM public.accounts WHERE id = 4711;

-- 9 disguise: these begin like reads, and go to the primary.
EXPLAIN ROUTE SELECT public.visit();
EXPLAIN ROUTE WITH v AS (INSERT INTO public.visits DEFAULT VALUES RETURNING id) SELECT id FROM v;
SELECT public.visit() > 0 AS written;

-- 10 own: a session reads what it has written, however late the replica is.
UPDATE public.notes SET n = 42 WHERE id = 0;
SELECT n FROM public.notes WHERE id = 0;

-- 11 memory: the second answer comes from wye's memory; EXPLAIN ROUTE says by
-- which rule, SHOW CACHE how often.
SELECT price FROM public.prices WHERE id = 9;
SELECT price FROM public.prices WHERE id = 9;
EXPLAIN ROUTE SELECT price FROM public.prices WHERE id = 9;

-- 12 what an operator sees.
\connect :console
SHOW POOLS;
SHOW SERVERS;
SHOW CLIENTS;
SHOW PINNED_CLIENTS;
SHOW STATS;
SHOW CACHE;

-- 13 failover: the demo has killed the primary; the other server has its role
-- now, and the killed one has come back as its replica.
SHOW HOSTS;
SHOW CLUSTERS;
SHOW MISROUTES;

-- 14 and further: shards.sql, on the database store; what the operator sees of it:
SHOW SHARDS;
SHOW IN_DOUBT;
