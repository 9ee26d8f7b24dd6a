-- Rows 55 to 60: INSERT, UPDATE, DELETE.

--! rows 55
--! touches badges
INSERT INTO badges VALUES (7, 'bronze', 5);

--! rows 55
--! touches badges
--! args int8 100 | text köln | int4 3
INSERT INTO badges (user_id, badge, points) VALUES ($1, $2, $3) RETURNING *;

--! rows 55
--! touches badges
INSERT INTO badges (badge, user_id) VALUES ('a', 1), ('b', 100), ('c', 300), ('d', 1700), ('e', 1);

--! rows 55
--! touches drafts
--! ordered
INSERT INTO drafts VALUES (300, 'c', 3), (1, 'a', 1), (100, 'b', NULL), (2, 'z', 9), (4096, 'y', 8) RETURNING user_id, body, words * 2 AS w;

--! rows 55
--! touches drafts
--! args int8 1 | text x | int8 4096 | text y
INSERT INTO drafts (user_id, body) VALUES ($1, $2), ($3, $4);

--! rows 55
--! touches drafts
INSERT INTO drafts (user_id, body, words) SELECT id, name, age FROM users WHERE active;

--! rows 55
--! touches badges
INSERT INTO badges SELECT user_id, 'buyer', count(*) FROM orders GROUP BY user_id;

--! rows 55
--! touches badges
INSERT INTO badges (user_id, badge) SELECT owner, slug FROM accounts WHERE owner IS NOT NULL RETURNING badge;

--! rows 55
--! touches accounts
INSERT INTO accounts SELECT 'new ' || id, id, 'free', 1.5 FROM users WHERE level = 3;

--! rows 55
--! touches visits
INSERT INTO visits VALUES (1, '/new', '2024-05-01', 1), (2, '/new', '2024-05-01', 2), (3, '/ü', '2024-05-02', 3), (9999, '', '2024-05-03', 4);

--! rows 55
--! touches devices
--! args uuid 8f14e45f-ceea-467a-9575-0f3b9a8d1c21
INSERT INTO devices VALUES ($1, 3, 'watch', '2024-02-29 10:00:00') RETURNING id, label;

--! rows 55
--! touches accounts
--! args text Ötzi & Söhne | numeric 3.1
INSERT INTO accounts (slug, plan, credit) VALUES ($1, 'pro', $2) RETURNING *;

--! rows 55
--! touches events
INSERT INTO events VALUES ('2024-01-31 23:59:59.999999', 50, 'a', 1, 1), ('2024-02-01', 51, 'b', 2, 2), ('2025-01-01', 52, 'c', NULL, 3), ('2024-02-29 12:00', 53, 'd', 4, NULL);

--! rows 55
--! touches countries
INSERT INTO countries VALUES ('FR', 'France', 'EU'), ('CA', 'Canada', NULL) RETURNING code;

--! rows 55
--! touches products
INSERT INTO products (id, name, price) SELECT id + 100, name || ' copy', price * 2 FROM products;

--! rows 55
--! touches settings
INSERT INTO settings VALUES ('new', 'value');

--! rows 55
--! touches badges
INSERT INTO badges VALUES (3, 'gold', 1);

--! rows 55
--! touches badges
INSERT INTO badges VALUES (7, 'fine', 1), (300, 'fine', 1), (3, 'gold', 1);

--! rows 55
--! touches orders
INSERT INTO orders (user_id, id, qty, status, placed) VALUES (3, 900, 1, 'new', '2024-12-01'), (123456, 901, 1, 'new', '2024-12-01');

--! rows 55
--! touches badges
INSERT INTO badges VALUES (7, 'x', 'many');

--! rows 55
--! touches drafts
INSERT INTO drafts DEFAULT VALUES;

--! rows 55
--! touches drafts
--! undo SELECT setval('tickets_id_seq', 1000)
INSERT INTO drafts (user_id) VALUES (55), (133), (600);
INSERT INTO tickets (user_id, body) VALUES (3, 'one'), (100, 'two'), (300, 'three'), (3, 'four');
SELECT count(*), count(DISTINCT id), min(body), bool_and(opened IS NOT NULL) FROM tickets;
DELETE FROM tickets WHERE body IN ('one', 'two', 'three', 'four');

--! rows 56
--! touches drafts
INSERT INTO drafts VALUES (NULL, 'nobody', 1);

--! rows 56
--! touches badges
--! args int8 NULL
INSERT INTO badges (user_id, badge) VALUES ($1, 'x');

--! rows 56
--! touches badges
INSERT INTO badges (badge) VALUES ('x');

--! rows 56
--! touches events
--! also 23514
INSERT INTO events VALUES ('1999-12-31', 1, 'early', NULL, NULL);

--! rows 56
--! touches events
--! also 23514
INSERT INTO events VALUES ('2024-01-01 00:00:01', 70, 'fine', NULL, NULL), ('2030-01-01', 71, 'late', NULL, NULL);

--! rows 57
--! touches users
UPDATE users SET name = 'new', age = age + 1 WHERE id = 3;

--! rows 57
--! touches users
--! args int8 300 | numeric 12.50
UPDATE users SET balance = $2 WHERE id = $1 RETURNING id, balance;

--! rows 57
--! touches users
UPDATE users SET level = 9 WHERE age = 45;

--! rows 57
--! touches users
UPDATE users SET age = coalesce(age, 0) + 1;

--! rows 57
--! touches users
UPDATE users SET level = level + 1 WHERE country = 'DE' RETURNING id, level, name;

--! rows 57
--! touches users
UPDATE users SET level = 1 WHERE age > 1000;

--! rows 57
--! touches orders
UPDATE orders SET status = 'void', note = u.country FROM users u WHERE u.id = orders.user_id AND u.age = 30;

--! rows 57
--! touches orders
UPDATE orders o SET amount = o.qty * p.price FROM products p WHERE p.id = o.product;

--! rows 57
--! touches orders
DELETE FROM orders WHERE user_id = 42;

--! rows 57
--! touches orders
DELETE FROM orders WHERE status = 'cancelled' RETURNING user_id, id, amount;

--! rows 57
--! touches orders
DELETE FROM orders USING users WHERE users.id = orders.user_id AND users.active;

--! rows 57
--! touches orders
DELETE FROM orders;

--! rows 57
--! touches users orders
DELETE FROM users WHERE age = 30;

--! rows 57
--! touches users
DELETE FROM users u WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id);

--! rows 57
--! touches users
UPDATE users SET level = 7 WHERE id IN (SELECT user_id FROM orders WHERE qty > 6);

--! rows 57
--! touches users
UPDATE users SET level = 8 WHERE age = (SELECT max(age) FROM users);

--! rows 57
--! touches users
UPDATE users SET level = 4 WHERE id IN (SELECT user_id FROM events WHERE kind = 'buy');

--! rows 57
--! touches users
UPDATE users SET level = (SELECT count(*) FROM orders o WHERE o.user_id = users.id);

--! rows 57
--! touches users
UPDATE users SET level = 10 / (level - 2);

--! rows 57
--! touches users
UPDATE users SET name = NULL WHERE level = 2;

--! rows 57
--! touches users
UPDATE users SET created = now() WHERE id IN (1, 100, 300) RETURNING created = now();
UPDATE users SET created = '2020-01-01' WHERE id IN (1, 100, 300);

--! rows 57
--! touches visits
UPDATE visits SET hits = hits + 1 WHERE tenant = 3;

--! rows 57
--! touches visits
DELETE FROM visits WHERE page = '/' AND tenant = 1;

--! rows 57
--! touches accounts
UPDATE accounts SET credit = credit * 1.1, plan = 'gone' WHERE plan = 'free' RETURNING slug, credit;

--! rows 57
--! touches accounts
UPDATE accounts SET plan = 'much too long' WHERE plan = 'free';

--! rows 57
--! touches events
DELETE FROM events WHERE at < '2024-02-10';

--! rows 57
--! touches countries
UPDATE countries SET region = 'World' WHERE region IS NULL OR region = 'Asia' RETURNING code, region;

--! rows 57
--! touches countries
DELETE FROM countries WHERE code = 'BR';

--! rows 57
--! touches products
UPDATE products SET price = price + 1;

--! rows 57
--! touches products
DELETE FROM products p WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.product = p.id);

--! rows 57
--! touches settings
UPDATE settings SET value = 'light' WHERE name = 'theme' RETURNING *;

--! rows 57
--! touches settings
DELETE FROM settings;

--! rows 57
--! touches badges drafts
INSERT INTO badges VALUES (300, 'late', 1);
UPDATE badges SET points = 2 WHERE badge = 'late';
INSERT INTO drafts VALUES (1, 'x', 1), (300, 'y', 2);
DELETE FROM badges WHERE points = 2;
SELECT count(*), sum(words) FROM drafts;

--! rows 57
--! touches orders badges
--! alone
BEGIN;
UPDATE orders SET note = 'seen' WHERE qty = 4;
SELECT count(*) FROM orders WHERE note = 'seen';
INSERT INTO badges VALUES (17, 'seen', 1), (301, 'seen', 1);
SAVEPOINT here;
DELETE FROM orders;
SELECT count(*) FROM orders;
ROLLBACK TO here;
SELECT count(*) FROM orders;
COMMIT;

--! rows 57
--! touches badges
--! alone
BEGIN;
INSERT INTO badges VALUES (17, 'x', 1), (301, 'x', 1);
INSERT INTO badges VALUES (3, 'gold', 1);
SELECT count(*) FROM badges;
COMMIT;

--! rows 57
--! touches drafts
TRUNCATE drafts;

--! rows 57
--! touches badges
TRUNCATE badges;

--! rows 58
--! touches badges
UPDATE badges SET user_id = 300 WHERE user_id = 42;

--! rows 58
--! touches accounts
UPDATE accounts SET slug = 'renamed' WHERE slug = 'acme' RETURNING slug, owner;

--! rows 58
--! refuse
--! touches visits
UPDATE visits SET tenant = 77 WHERE page = '/a';

--! rows 58
--! touches devices
UPDATE devices SET id = '00000000-0000-0000-0000-000000000001' WHERE label = 'phone' AND user_id = 8;

--! rows 58
--! touches badges
--! args int8 3 | int8 3
UPDATE badges SET user_id = $1, points = 1 WHERE user_id = $2;

--! rows 58
--! refuse
--! touches accounts
UPDATE accounts SET slug = slug || '!' WHERE plan = 'pro';

--! rows 58
--! touches accounts
UPDATE accounts SET slug = 'hooli' WHERE slug = 'pied';

--! rows 58
--! refuse
--! touches events
UPDATE events SET at = at + interval '1 month' WHERE at < '2024-01-05';

--! rows 59
--! touches badges
INSERT INTO badges VALUES (3, 'gold', 99) ON CONFLICT (user_id, badge) DO UPDATE SET points = excluded.points RETURNING *;

--! rows 59
--! touches badges
INSERT INTO badges VALUES (3, 'gold', 99), (300, 'gold', 98), (42, 'gold', 97) ON CONFLICT (user_id, badge) DO UPDATE SET points = badges.points + excluded.points;

--! rows 59
--! touches badges
INSERT INTO badges VALUES (3, 'gold', 99), (300, 'gold', 98), (1, 'gold', 1) ON CONFLICT DO NOTHING;

--! rows 59
--! touches accounts
--! args text acme
INSERT INTO accounts VALUES ($1, 1, 'team', 0) ON CONFLICT (slug) DO NOTHING RETURNING slug;

--! rows 59
--! refuse
--! touches accounts
INSERT INTO accounts VALUES ('acme', 1, 'team', 0) ON CONFLICT (slug) DO UPDATE SET slug = 'moved';

--! rows 59
--! touches countries
INSERT INTO countries VALUES ('DE', 'Deutschland', 'EU'), ('SE', 'Sweden', 'EU') ON CONFLICT (code) DO UPDATE SET name = excluded.name;

--! rows 60
--! touches badges orders
WITH gone AS (DELETE FROM orders WHERE qty = 1 RETURNING user_id, id) INSERT INTO badges SELECT DISTINCT user_id, 'one', 1 FROM gone;

--! rows 60
--! touches drafts
WITH new AS (INSERT INTO drafts VALUES (1, 'a', 1), (300, 'b', 2) RETURNING *) SELECT count(*) FROM new;

--! rows 60
--! touches drafts
WITH new AS (INSERT INTO drafts VALUES (3, 'a', 1) RETURNING *) SELECT * FROM new;

--! rows 60
--! touches badges
MERGE INTO badges b USING users u ON b.user_id = u.id WHEN MATCHED THEN UPDATE SET points = u.age WHEN NOT MATCHED THEN INSERT VALUES (u.id, 'merged', 0);

--! rows 60
--! touches badges
MERGE INTO badges b USING products p ON b.points = p.id WHEN MATCHED THEN DELETE;

--! rows 60
--! touches users
UPDATE users SET score = random() * 0 + 5 WHERE level = 2;

--! rows 60
--! touches users
DELETE FROM users WHERE random() < -1;

--! rows 60
--! touches badges
--! alone
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM badges WHERE badge = 'silver' FOR UPDATE;
FETCH 1 FROM c;
UPDATE badges SET points = 0 WHERE CURRENT OF c;
COMMIT;
UPDATE badges SET points = 5;

