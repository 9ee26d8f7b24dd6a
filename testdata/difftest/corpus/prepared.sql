-- PREPARE, EXECUTE and DEALLOCATE of SQL, whatever the statement's own row is.

--! rows 1
--! alone
PREPARE p (int8) AS SELECT id, name, code FROM users WHERE id = $1;
EXECUTE p (42);
EXECUTE p (3 + 4);
EXECUTE p ('1700');
EXECUTE p (NULL);
EXECUTE p (300.4);
EXECUTE p (300::int2);
DEALLOCATE p;
EXECUTE p (42);

-- types that PostgreSQL infers
--! rows 1 10
--! alone
PREPARE p AS SELECT id, name FROM users WHERE id = $1 AND age > $2;
EXECUTE p (42, 1);
PREPARE q AS SELECT id, name FROM users WHERE age > $1 AND country = $2 AND balance < $3;
EXECUTE q (20, 'DE', 1e5);
EXECUTE q (20, 'FR', '1000.50');
EXECUTE q ('20', 'FR', 1000);
DEALLOCATE PREPARE q;
EXECUTE p (7, 0);
DEALLOCATE ALL;
EXECUTE p (7, 0);

--! rows 11
--! alone
PREPARE "My ""plan""" (int, text) AS SELECT id, $2 AS given FROM users WHERE level = $1 ORDER BY id LIMIT 5;
--! ordered
EXECUTE "My ""plan""" (2, 'it''s ) here');
--! ordered
EXECUTE "My ""plan""" (1, E'a\'b') /* ) */;
--! ordered
EXECUTE "My ""plan""" (1, $x$a)b$x$);

--! rows 28
--! alone
PREPARE p (text) AS SELECT country, count(*), max(balance) FROM users WHERE country > $1 GROUP BY country ORDER BY country;
--! ordered
EXECUTE p ('A');
--! ordered
EXECUTE p ('F'::varchar);
BEGIN;
--! ordered
EXECUTE p ('A');
COMMIT;

-- tier C
--! rows 34
--! alone
PREPARE p (int) AS SELECT id, rank() OVER (ORDER BY age, id) FROM users WHERE age > $1;
EXECUTE p (30);

-- an enum, an array, a date: what databases made has numbers of its own
--! rows 10
--! alone
PREPARE p (mood, date) AS SELECT id, feel FROM users WHERE feel = $1 AND born > $2;
EXECUTE p ('happy', '1980-01-01');
EXECUTE p ('none', '1980-01-01');

--! rows 3
--! alone
PREPARE p (int8[]) AS SELECT id, name FROM users WHERE id = ANY ($1);
EXECUTE p ('{3,42,1700}');
EXECUTE p (ARRAY[7, 300]);
EXECUTE p ('{}');

-- what is wrong with it
--! rows 1
--! alone
PREPARE p (int8) AS SELECT name FROM users WHERE id = $1;
PREPARE p AS SELECT 1;
EXECUTE p;
EXECUTE p (1, 2);
EXECUTE p ('x');
EXECUTE p (42::text);
EXECUTE p (now());
EXECUTE p ((SELECT 42));
EXECUTE p (id);
EXECUTE nosuch (1);
EXECUTE p (42);
PREPARE q AS SELECT nosuch FROM users;
PREPARE q AS SELECT $1;
EXECUTE q ('x');
PREPARE r (nosuch) AS SELECT $1;
PREPARE r (int, int) AS SELECT $1;
EXECUTE r (1, 2);
DEALLOCATE nosuch;
EXECUTE q ('y');
DISCARD ALL;
EXECUTE q ('z');

-- in a transaction that fails it stays prepared
--! rows 1
--! alone
BEGIN;
PREPARE p (int8) AS SELECT name FROM users WHERE id = $1;
EXECUTE p (42);
EXECUTE p ('x');
EXECUTE p (42);
PREPARE q AS SELECT 1;
ROLLBACK;
EXECUTE p (42);

-- writes
--! rows 55
--! alone
--! touches badges
PREPARE p (int8, text, int) AS INSERT INTO badges (user_id, badge, points) VALUES ($1, $2, $3);
EXECUTE p (3, 'new', 1);
EXECUTE p (42, 'new', 2);
EXECUTE p (3, 'new', 3);
PREPARE q AS INSERT INTO badges VALUES ($1, 'more', 1), ($2, 'more', $3) RETURNING user_id, badge, points;
--! ordered
EXECUTE q (3, 42, 5);
BEGIN;
EXECUTE p (300, 'new', 1);
EXECUTE p (1700, 'new', 1);
ROLLBACK;

--! rows 57
--! alone
--! touches badges
PREPARE u (int) AS UPDATE badges SET points = points + $1;
PREPARE d (int8) AS DELETE FROM badges WHERE user_id = $1 RETURNING badge;
EXECUTE u (5);
BEGIN;
EXECUTE u (7);
EXECUTE d (42);
SELECT sum(points) FROM badges;
COMMIT;
EXECUTE d (42);

--! rows 40
--! alone
PREPARE p AS SELECT code FROM countries ORDER BY code;
--! ordered
EXECUTE p;
PREPARE q (int) AS VALUES ($1, 'a'), (2, 'b');
--! ordered
EXECUTE q (1);

-- DDL in between
--! rows 62
--! alone
--! also 0A000
--! undo ALTER TABLE drafts DROP COLUMN IF EXISTS more
PREPARE p AS SELECT * FROM drafts WHERE id > $1;
EXECUTE p (0);
ALTER TABLE drafts ADD COLUMN more int;
EXECUTE p (0);
ALTER TABLE drafts DROP COLUMN more;
EXECUTE p (0);

-- it does not act on the session by stealth
--! rows 66
--! refuse
--! alone
PREPARE p AS SELECT set_config('app.who', $1, false);
EXECUTE p ('me');
SHOW app.who;

