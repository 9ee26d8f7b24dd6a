-- Rows 1 to 9: which predicates give a shard key.

--! rows 1
SELECT * FROM users WHERE id = 3;

--! rows 1
--! args int8 42
SELECT name, city, balance FROM users WHERE id = $1;

--! rows 1
--! args unknown 1700
SELECT id, name FROM users WHERE id = $1;

--! rows 1
--! args int4 300
SELECT id, code FROM users WHERE id = $1;

--! rows 1
SELECT id FROM users WHERE 7 = id;

--! rows 1
SELECT id, name FROM users WHERE id = 3 + 4;

--! rows 1
SELECT id, name FROM users WHERE id = '42'::int8 AND age > 0;

--! rows 1
SELECT id, name FROM users WHERE id = '-7';

--! rows 1
SELECT tenant, page, hits FROM visits WHERE (tenant, page) = (3, '/');

--! rows 1
--! args int8 42 | text /ü
SELECT tenant, page, day, hits FROM visits WHERE tenant = $1 AND page = $2;

--! rows 1
--! hollow
SELECT * FROM visits WHERE tenant = 1 AND page = '/none';

--! rows 1
SELECT * FROM accounts WHERE slug = 'zürich-gmbh';

--! rows 1
--! args text o'neil
SELECT slug, credit FROM accounts WHERE slug = $1;

--! rows 1
--! args varchar Acme
SELECT slug, plan FROM accounts WHERE slug = $1;

--! rows 1
--! args uuid a4c123b1-0000-4000-8000-000000000000
SELECT label, seen FROM devices WHERE id = $1;

--! rows 1
--! args text a4c123b1-0000-4000-8000-000000000000
SELECT label FROM devices WHERE id = $1::uuid;

--! rows 1
SELECT id, name FROM users u WHERE u.id = 8 OR u.id = 8;

--! rows 1
--! args timestamp 2024-01-01 00:00:00
SELECT at, kind FROM events WHERE at = $1;

--! rows 1
SELECT count(*), sum(amount) FROM orders WHERE user_id = 42;

--! rows 1
--! ordered
SELECT status, count(*) FROM orders WHERE user_id = 1700 GROUP BY status ORDER BY count(*) DESC, status;

--! rows 1
--! args int8 9999
--! hollow
SELECT * FROM users WHERE id = $1;

--! rows 1 20
--! args int8 9999
SELECT count(*), max(age) FROM users WHERE id = $1;

--! rows 2
SELECT id, name FROM users WHERE id = 7.0;

--! rows 2
--! hollow
SELECT id, name FROM users WHERE id = 7.5;

--! rows 2
SELECT count(*) FROM users WHERE id = 7.5;

--! rows 2
--! args numeric 42.000
SELECT id FROM users WHERE id = $1;

--! rows 2
SELECT id FROM users WHERE id = '007';

--! rows 2
SELECT id FROM users WHERE id = ' 7 ';

--! rows 2
SELECT id FROM users WHERE id = 'seven';

--! rows 2
--! hollow
SELECT id FROM users WHERE id = 99999999999999999999;

--! rows 2
SELECT id FROM users WHERE id = '99999999999999999999';

--! rows 2
SELECT id FROM users WHERE id = 7.0::float8;

--! rows 3
SELECT id, name, age FROM users WHERE id IN (3, 1700, 42, 3);

--! rows 3
SELECT id, name FROM users WHERE id = ANY ('{1,100,300,9999,NULL}');

--! rows 3
--! args _int8 {5,150,100000}
SELECT id, name FROM users WHERE id = ANY ($1);

--! rows 3
SELECT id FROM users WHERE id = ANY (ARRAY[1, 100, 4096]);

--! rows 3
SELECT id, city FROM users WHERE id IN (VALUES (2), (117), (777));

--! rows 3
--! args int8 2 | int8 333 | int8 NULL
SELECT id, level FROM users WHERE id IN ($1, $2, $3);

--! rows 3
--! ordered
SELECT id, name FROM users WHERE id IN (99999, 3, 155, 400) ORDER BY id DESC;

--! rows 3 20
SELECT count(*), sum(age), min(id) FROM users WHERE id IN (3, 42, 100, 300, 1700);

--! rows 3
SELECT * FROM visits WHERE (tenant, page) IN ((1, '/'), (42, '/a'), (1700, '/B'));

--! rows 3
SELECT slug, plan FROM accounts WHERE slug IN ('acme', 'ACME', '日本', 'nobody');

--! rows 3
SELECT label FROM devices WHERE id IN (SELECT id FROM devices WHERE user_id IN (3, 42));

--! rows 4
SELECT id, name FROM users WHERE id = 3 OR id = 1700;

--! rows 4
SELECT id, name FROM users WHERE (id = 3 AND age > 0) OR (id = 301 AND active) OR id = 133;

--! rows 4
--! args int8 21 | int8 512
SELECT count(*) FROM users WHERE id = $1 OR $2 = id;

--! rows 5
SELECT id, age FROM users WHERE id = 3 OR age = 45;

--! rows 5
SELECT count(*) FROM users WHERE id = 3 OR name = 'anna';

--! rows 5
--! ordered
SELECT user_id, id FROM orders WHERE user_id = 3 OR qty = 5 ORDER BY user_id, id;

--! rows 6
SELECT count(*), sum(level) FROM users WHERE id <> 3;

--! rows 6
SELECT count(*) FROM users WHERE NOT id = 3;

--! rows 6
SELECT count(*), min(name COLLATE "C") FROM users WHERE id NOT IN (3, 42, 100);

--! rows 6
SELECT avg(age) FROM users WHERE NOT (id = 3 AND age > 20);

--! rows 7
SELECT id, name FROM users WHERE id BETWEEN 90 AND 160;

--! rows 7
SELECT id, name FROM users WHERE id > 300 AND id <= 777;

--! rows 7
--! hollow
SELECT id FROM users WHERE id >= 200 AND id < 300;

--! rows 7
SELECT count(*), max(age) FROM users WHERE id >= 200 AND id < 300;

--! rows 7
--! args int8 100 | int8 300
--! ordered
SELECT id FROM users WHERE id BETWEEN $1 AND $2 ORDER BY id;

--! rows 7
SELECT at, kind, size FROM events WHERE at >= '2024-01-15' AND at < '2024-02-20';

--! rows 7
SELECT kind, count(*) FROM events WHERE at >= '2024-02-01' GROUP BY kind;

--! rows 7
--! hollow
SELECT * FROM events WHERE at > '2025-06-01';

--! rows 7
--! hollow
SELECT * FROM events WHERE at > '2031-06-01';

--! rows 7
SELECT slug FROM accounts WHERE slug < 'b' OR slug > 'u';

--! rows 8
--! hollow
SELECT id FROM users WHERE id = 3 AND id = 4;

--! rows 8
SELECT count(*) FROM users WHERE id = 3 AND id = 4;

--! rows 8
--! hollow
SELECT id FROM users WHERE id IS NULL;

--! rows 8
--! args int8 NULL
SELECT count(*), sum(age), max(name) FROM users WHERE id = $1;

--! rows 8
--! hollow
SELECT * FROM users WHERE id = NULL;

--! rows 8
--! hollow
SELECT * FROM users WHERE false;

--! rows 8
--! args int8 3
SELECT id FROM users WHERE id IS NOT DISTINCT FROM $1;

--! rows 8
--! args _int8 {}
--! hollow
SELECT id FROM users WHERE id = ANY ($1);

--! rows 9
SELECT id = 3 AS three, name FROM users;

--! rows 9
SELECT name, CASE WHEN id = 3 THEN 'three' ELSE 'other' END FROM users;

--! rows 9
SELECT u.id, o.id, o.qty FROM users u LEFT JOIN orders o ON o.user_id = u.id AND u.id = 3;

--! rows 9
SELECT count(*), count(o.id) FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.user_id = 42;

--! rows 9
SELECT id, (SELECT 42 = u.id) FROM users u WHERE age = 30;

--! rows 9
SELECT count(*) FROM users WHERE CASE WHEN id = 3 THEN true ELSE age > 40 END;

--! rows 9
SELECT u.id, b.badge FROM users u FULL JOIN badges b ON b.user_id = u.id AND u.id = 3;

