-- Row 64: SQL cursors, over one shard and over several.

--! rows 64
--! alone
--! ordered
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, name, code FROM users WHERE id < 900 ORDER BY id;
--! ordered
FETCH FIRST FROM c;
--! ordered
FETCH LAST FROM c;
--! ordered
FETCH PRIOR FROM c;
--! ordered
FETCH ABSOLUTE 4 FROM c;
--! ordered
FETCH RELATIVE -2 FROM c;
--! ordered
FETCH RELATIVE 0 FROM c;
--! ordered
FETCH FORWARD 7 FROM c;
--! ordered
FETCH BACKWARD 3 FROM c;
MOVE FORWARD ALL IN c;
--! ordered
FETCH BACKWARD 2 IN c;
MOVE ABSOLUTE -5 IN c;
--! ordered
FETCH c;
MOVE BACKWARD ALL FROM c;
--! ordered
FETCH NEXT c;
FETCH ABSOLUTE 100000 FROM c;
FETCH 0 FROM c;
CLOSE c;
FETCH 1 FROM c;
ROLLBACK;

-- forwards only
--! rows 64
--! alone
BEGIN;
DECLARE c NO SCROLL CURSOR FOR SELECT id, name FROM users ORDER BY id;
--! ordered
FETCH FORWARD 3 FROM c;
FETCH BACKWARD 1 FROM c;
ROLLBACK;

--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM users WHERE id IN (3, 42, 1700, 300) ORDER BY id;
--! ordered
FETCH ALL FROM c;
--! ordered
FETCH ALL FROM c;
COMMIT;
FETCH 1 FROM c;

-- every type of users comes as the table has it
--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM users ORDER BY id LIMIT 40;
--! ordered
FETCH 40 FROM c;
COMMIT;

--! rows 64
--! alone
BEGIN;
DECLARE "A ""c""" CURSOR FOR SELECT u.id AS "the ""id""", o.amount, o.note, o.placed FROM users u JOIN orders o ON o.user_id = u.id WHERE o.qty = 9 ORDER BY 1, 2, o.id;
--! ordered
FETCH ALL FROM "A ""c""";
CLOSE "A ""c""";
COMMIT;

-- tiers B and C
--! rows 64 28
--! alone
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT country, count(*), avg(balance), sum(score) > 0 FROM users GROUP BY country ORDER BY country;
--! ordered
FETCH 2 FROM c;
--! ordered
FETCH ALL FROM c;
--! ordered
FETCH FIRST FROM c;
COMMIT;

--! rows 64 12
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT name, feel, tags, prefs FROM users WHERE level = 2 ORDER BY name, id;
--! ordered
FETCH 10 FROM c;
COMMIT;

--! rows 64 34
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id, rank() OVER (ORDER BY age, id), feel FROM users WHERE age IS NOT NULL ORDER BY 2;
--! ordered
FETCH 10 FROM c;
MOVE 10 FROM c;
--! ordered
FETCH 10 FROM c;
COMMIT;

--! rows 64 42
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM users WHERE id NOT IN (SELECT user_id FROM badges) ORDER BY id;
--! ordered
FETCH 10 FROM c;
COMMIT;

-- parameters; the simple protocol has them in the text
--! rows 64
--! alone
BEGIN;
--! args int8 500 | text DE
DECLARE c CURSOR FOR SELECT id, $2::text AS given FROM users WHERE id < $1 ORDER BY id;
--! ordered
FETCH 5 FROM c;
COMMIT;

-- nothing in it
--! rows 64
--! alone
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, name FROM users WHERE age < -1 ORDER BY id;
FETCH ALL FROM c;
FETCH PRIOR FROM c;
COMMIT;

-- a cursor shows what there was when it was declared
--! rows 64
--! alone
--! touches badges
BEGIN;
DECLARE c CURSOR FOR SELECT user_id, badge, points FROM badges ORDER BY user_id, badge;
--! ordered
FETCH 2 FROM c;
UPDATE badges SET points = points + 1;
--! ordered
FETCH ALL FROM c;
ROLLBACK;

-- savepoints
--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM users ORDER BY id;
--! ordered
FETCH 2 FROM c;
SAVEPOINT a;
DECLARE d CURSOR FOR SELECT id FROM users ORDER BY id DESC;
--! ordered
FETCH 2 FROM d;
--! ordered
FETCH 2 FROM c;
ROLLBACK TO a;
--! ordered
FETCH 2 FROM c;
DECLARE d CURSOR FOR SELECT count(*) FROM users;
FETCH ALL FROM d;
SAVEPOINT b;
FETCH 1 FROM nosuch;
ROLLBACK TO b;
CLOSE d;
CLOSE d;
ROLLBACK;

--! rows 64
--! alone
BEGIN;
SAVEPOINT a;
DECLARE c CURSOR FOR SELECT id FROM users ORDER BY id;
ROLLBACK TO a;
FETCH 1 FROM c;
ROLLBACK;

-- a name is one for all shards
--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM users WHERE id = 3;
DECLARE c CURSOR FOR SELECT id FROM users WHERE id = 42;
ROLLBACK;

--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM users ORDER BY id;
DECLARE c CURSOR FOR SELECT id FROM users WHERE id = 1700;
ROLLBACK;

--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM users WHERE id = 3;
FETCH ALL FROM c;
CLOSE c;
DECLARE c CURSOR FOR SELECT id FROM users WHERE id = 42;
FETCH ALL FROM c;
CLOSE c;
DECLARE c CURSOR FOR SELECT id FROM users WHERE id = 1700;
FETCH ALL FROM c;
COMMIT;

-- several at once, each on its shard
--! rows 64
--! alone
BEGIN;
DECLARE a SCROLL CURSOR FOR SELECT user_id, id FROM orders WHERE user_id = 3 ORDER BY id;
DECLARE b SCROLL CURSOR FOR SELECT user_id, id FROM orders WHERE user_id = 42 ORDER BY id;
DECLARE c SCROLL CURSOR FOR SELECT user_id, id FROM orders WHERE user_id = 300 ORDER BY id;
DECLARE d SCROLL CURSOR FOR SELECT user_id, id FROM orders ORDER BY user_id, id;
DECLARE e SCROLL CURSOR FOR SELECT code FROM countries ORDER BY code;
--! ordered
FETCH 2 FROM a;
--! ordered
FETCH 2 FROM d;
--! ordered
FETCH 2 FROM b;
--! ordered
FETCH 2 FROM c;
--! ordered
FETCH 2 FROM e;
--! ordered
FETCH LAST FROM a;
--! ordered
FETCH LAST FROM d;
CLOSE ALL;
FETCH 1 FROM b;
COMMIT;

-- outside of a transaction
--! rows 64
--! alone
DECLARE c CURSOR FOR SELECT id FROM users ORDER BY id;
DECLARE c CURSOR FOR SELECT id FROM users WHERE id = 3;
FETCH 1 FROM c;
CLOSE c;
CLOSE ALL;

-- it outlives its transaction
--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id, name, code FROM users ORDER BY id;
--! ordered
FETCH 3 FROM c;
COMMIT;
--! ordered
FETCH 3 FROM c;
SELECT count(*) FROM users;
SELECT name FROM users WHERE id = 42;
BEGIN;
--! ordered
FETCH 3 FROM c;
SELECT count(*) FROM orders;
--! ordered
FETCH 3 FROM c;
COMMIT;
--! ordered
FETCH 2 FROM c;
CLOSE c;
FETCH 1 FROM c;

--! rows 64
--! alone
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT id, feel FROM users WHERE id < 400 ORDER BY id;
--! ordered
FETCH 3 FROM c;
--! ordered
FETCH BACKWARD 2 FROM c;
SELECT count(*) FROM orders;
--! ordered
FETCH LAST FROM c;
CLOSE ALL;
FETCH 1 FROM c;

--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users ORDER BY id;
ROLLBACK;
FETCH 1 FROM c;

-- two of them must be on one server, and these can be
--! rows 64
--! alone
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users ORDER BY id;
DECLARE d CURSOR WITH HOLD FOR SELECT status, count(*) FROM orders GROUP BY status ORDER BY 1;
--! ordered
FETCH 3 FROM c;
--! ordered
FETCH ALL FROM d;
CLOSE c;
CLOSE d;

-- these cannot
--! rows 64
--! refuse
--! alone
DECLARE a CURSOR WITH HOLD FOR SELECT name FROM users WHERE id = 3;
DECLARE b CURSOR WITH HOLD FOR SELECT name FROM users WHERE id = 42;
DECLARE c CURSOR WITH HOLD FOR SELECT name FROM users WHERE id = 300;
DECLARE d CURSOR WITH HOLD FOR SELECT name FROM users WHERE id = 1700;
FETCH ALL FROM a;
FETCH ALL FROM b;
CLOSE ALL;

-- what is locked is locked when it is fetched
--! rows 64
--! refuse
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM users ORDER BY id FOR UPDATE;
--! ordered
FETCH 2 FROM c;
ROLLBACK;

--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM users WHERE id = 42 FOR UPDATE;
FETCH 2 FROM c;
ROLLBACK;

-- errors
--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT nosuch FROM users;
ROLLBACK;

--! rows 64
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM users ORDER BY id;
SELECT 1 / 0;
FETCH 1 FROM c;
ROLLBACK;

-- in binary, whatever the protocol
--! rows 64
--! alone
BEGIN;
DECLARE c BINARY CURSOR FOR SELECT id, amount, placed FROM orders ORDER BY user_id, id;
--! ordered
FETCH 5 FROM c;
COMMIT;

