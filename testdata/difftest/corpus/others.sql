-- Rows 61 to 66: COPY, DDL, isolation, cursors and what belongs to a session.

--! rows 61
--! touches badges
COPY badges FROM STDIN;
7	bronze	1
100	silver	2
300	tab\there	\N
1700	línea	4
\.

--! rows 61
--! touches accounts
COPY accounts (plan, slug, credit) FROM STDIN (FORMAT csv, HEADER);
plan,slug,credit
pro,"a ""quoted"" slug",1.5
free,"two
lines",
team,plain,3
pro,,4
\.

--! rows 61
--! touches visits
COPY visits FROM STDIN (DELIMITER '|', NULL 'none');
1|/copy|2024-06-01|1
2|/copy|2024-06-01|2
3|/cöpy|2024-06-02|3
4|/|2024-06-03|4
\.

--! rows 61
--! touches badges
COPY badges FROM STDIN;
7	bronze	1
100	silver	many
300	x	1
\.

--! rows 61
--! touches badges
COPY badges FROM STDIN;
7	bronze	1
3	gold	1
300	x	1
\.

--! rows 61
--! touches badges
COPY badges (badge) FROM STDIN;
bronze
\.

--! rows 61
--! touches drafts
COPY drafts FROM STDIN;
\N	nobody	1
\.

--! rows 61
--! touches countries
COPY countries FROM STDIN;
FR	France	EU
SE	Sweden	\N
\.

--! rows 61
--! touches events
COPY events FROM STDIN;
2024-01-31 23:59:59	80	a	\N	1
2024-02-01 00:00:00	81	b	3	\N
2026-02-01 00:00:00	82	c	3	2
\.

--! rows 61
--! touches badges
COPY badges FROM STDIN (FORMAT binary);
5047434f50590aff0d0a00 00000000 00000000
0003 00000008 0000000000000007 00000006 62726f6e7a65 00000004 00000001
0003 00000008 0000000000000064 00000005 73c3bcc39f ffffffff
0003 00000008 000000000000012c 00000001 78 00000004 00000003
0003 00000008 ffffffffffffffff 00000000  00000004 00000004
ffff
\.

--! rows 61
--! touches badges
-- The second row ends early.
COPY badges FROM STDIN (FORMAT binary);
5047434f50590aff0d0a00 00000000 00000000
0003 00000008 0000000000000007 00000006 62726f6e7a65 00000004 00000001
0003 00000008 00000000
\.

--! rows 61
--! touches badges
-- Without the end, which is allowed.
COPY badges (points, user_id, badge) FROM STDIN (FORMAT binary);
5047434f50590aff0d0a00 00000000 00000000
0003 00000004 00000009 00000008 0000000000000064 00000001 78
\.

--! rows 61
COPY users TO STDOUT;

--! rows 61
COPY users TO STDOUT (FORMAT binary);

--! rows 61
COPY orders (user_id, id, note) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *);

--! rows 61
--! ordered
COPY (SELECT id, name, age FROM users ORDER BY age, id LIMIT 12) TO STDOUT;

--! rows 61
COPY (SELECT status, count(*) FROM orders GROUP BY status) TO STDOUT (FORMAT csv);

--! rows 61
COPY (SELECT * FROM orders WHERE user_id = 42) TO STDOUT;

--! rows 61
COPY countries TO STDOUT (DELIMITER ',');

--! rows 61
COPY drafts TO STDOUT (FORMAT binary);

--! rows 61
COPY (SELECT id, balance, tags FROM users WHERE age > 20) TO STDOUT (FORMAT binary);

--! rows 62
--! undo DROP TABLE IF EXISTS extra
CREATE TABLE extra (id int8 PRIMARY KEY, x text);
DROP TABLE extra;

--! rows 62
--! undo DROP INDEX IF EXISTS users_age
CREATE INDEX users_age ON users (age);
DROP INDEX users_age;

--! rows 62
--! alone
--! undo DROP INDEX IF EXISTS users_level
CREATE INDEX CONCURRENTLY users_level ON users (level);

--! rows 62
--! undo ALTER TABLE drafts DROP COLUMN IF EXISTS added
ALTER TABLE drafts ADD COLUMN added int4 DEFAULT 5;
ALTER TABLE drafts DROP COLUMN added;

--! rows 62
--! refuse
--! undo DROP INDEX IF EXISTS users_email
CREATE UNIQUE INDEX users_email ON users (email);

--! rows 62
--! refuse
--! undo ALTER TABLE users DROP CONSTRAINT IF EXISTS unique_code
ALTER TABLE users ADD CONSTRAINT unique_code UNIQUE (code);

--! rows 62
--! undo DROP VIEW IF EXISTS young
CREATE VIEW young AS SELECT id, name FROM users WHERE age < 30;
DROP VIEW young;

--! rows 62
--! alone
VACUUM badges;

--! rows 62
ANALYZE badges;

--! rows 62
CREATE TABLE users (id int8);

--! rows 63
--! alone
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM users;
COMMIT;

--! rows 63
--! alone
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT name FROM users WHERE id = 3;
SELECT name FROM users WHERE id = 300;
COMMIT;

--! rows 63
--! alone
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT name FROM users WHERE id = 3;
SELECT count(*) FROM orders WHERE user_id = 3;
COMMIT;

--! rows 63
--! alone
BEGIN READ ONLY;
SELECT count(*) FROM users;
SELECT max(amount) FROM orders;
COMMIT;

--! rows 63
--! alone
BEGIN READ ONLY;
UPDATE users SET age = 1;
ROLLBACK;

--! rows 64
--! alone
--! ordered
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM users ORDER BY id;
--! ordered
FETCH 5 FROM c;
--! ordered
FETCH NEXT FROM c;
MOVE 3 FROM c;
--! ordered
FETCH 100 FROM c;
FETCH 1 FROM c;
CLOSE c;
COMMIT;

--! rows 64
--! alone
BEGIN;
DECLARE c NO SCROLL CURSOR FOR SELECT status, count(*) FROM orders GROUP BY status;
FETCH ALL FROM c;
COMMIT;

--! rows 64
--! alone
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM users ORDER BY id;
FETCH 5 FROM c;
FETCH BACKWARD 2 FROM c;
--! ordered
FETCH ABSOLUTE 10 FROM c;
COMMIT;

--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users ORDER BY id;
COMMIT;
--! ordered
FETCH 4 FROM c;
CLOSE c;

--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT user_id, id FROM orders WHERE user_id = 42 ORDER BY id;
--! ordered
FETCH ALL FROM c;
COMMIT;

--! rows 65
--! alone
SELECT pg_advisory_lock(4711);
SELECT pg_try_advisory_lock(4712);
SELECT pg_advisory_unlock(4711), pg_advisory_unlock(4712);

--! rows 65
SELECT pg_advisory_xact_lock(42);

--! rows 65
--! alone
LISTEN news;
SELECT pg_listening_channels();
NOTIFY news, 'x';
UNLISTEN *;

--! rows 65
--! alone
BEGIN;
SELECT lo_create(0) > 0;
ROLLBACK;

--! rows 65
--! alone
SELECT currval('tickets_id_seq');

--! rows 65
--! alone
--! undo SELECT setval('tickets_id_seq', 1000)
SELECT nextval('tickets_id_seq') > 0;
SELECT currval('tickets_id_seq') = lastval();

--! rows 65
--! alone
SET search_path = pg_catalog, public;
SELECT count(*) FROM users;
SHOW search_path;
RESET search_path;

--! rows 65
--! alone
SET TimeZone = 'Asia/Tokyo';
--! ordered
SELECT id, created FROM users ORDER BY id LIMIT 4;
SET DateStyle = 'German';
--! ordered
SELECT id, born, created FROM users ORDER BY born, id LIMIT 4;

--! rows 65
--! alone
PREPARE p (int4) AS SELECT id, name FROM users WHERE age = $1;
EXECUTE p (45);
EXECUTE p (17);
DEALLOCATE p;

--! rows 65
--! simple
SELECT count(*) FROM users; SELECT id FROM users WHERE id = 3; SELECT age, count(*) FROM users GROUP BY age;

--! rows 65
--! simple
SELECT id FROM users WHERE id = 42; SELECT 1/0; SELECT 3;

--! rows 66
SELECT order_count();

--! rows 66
SELECT id, orders_of(id) FROM users;

--! rows 66
SELECT orders_of(42);

--! rows 66
SELECT doubled(id), name FROM users WHERE doubled(level) > 3;

--! rows 66
--! touches users
CALL rename_user(3, 'called');

--! rows 66
--! touches users
DO $$BEGIN UPDATE users SET age = 1 WHERE id = 300; END$$;

--! rows 66
EXPLAIN (COSTS OFF) VALUES (1), (2);

