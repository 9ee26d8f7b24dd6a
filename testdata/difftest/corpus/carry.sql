-- Row 55: INSERT ... SELECT whose rows belong to other shards.

--! rows 55
--! touches users
INSERT INTO users SELECT id + 10000, name, email, city, country, age, level, balance, score, active, born, created, feel, tags, prefs, span, code FROM users;

--! rows 55
--! touches users
--! ordered
INSERT INTO users (id, name, created, feel, tags, code, span) SELECT 20000 - id, name || '!', '2024-05-05', feel, tags, 'ab', span FROM users ORDER BY id DESC LIMIT 9 RETURNING id, name, created, feel, tags, code, span;

--! rows 55
--! touches badges
INSERT INTO badges SELECT g, 'badge ' || g FROM generate_series(1000, 1100) g;

--! rows 55
--! touches badges
--! ordered
INSERT INTO badges (badge, user_id) SELECT 'n' || n, 5000 + 7 * n FROM (SELECT row_number() OVER (ORDER BY id) AS n FROM users) x WHERE n < 20 ORDER BY n RETURNING *;

--! rows 55
--! touches badges
--! args int8 301 | text fresh | int4 5
INSERT INTO badges (user_id, badge, points) SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM badges WHERE user_id = $1 AND badge = $2);

--! rows 55
--! touches badges
--! args int8 3 | text gold
INSERT INTO badges (user_id, badge) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM badges WHERE user_id = $1 AND badge = $2) RETURNING *;

--! rows 55
--! touches badges
--! args text many
INSERT INTO badges (user_id, badge, points) SELECT '301', $1, count(*) FROM orders;

--! rows 55
--! touches visits
INSERT INTO visits SELECT user_id, '/' || kind, at, count(*) FROM events WHERE user_id IS NOT NULL GROUP BY user_id, kind, at::date, at;

--! rows 55
--! touches visits
INSERT INTO visits SELECT id % 7, 'new', '2024-01-02', age FROM users WHERE age IS NOT NULL LIMIT 1 ON CONFLICT (tenant, page, day) DO UPDATE SET hits = excluded.hits;
DELETE FROM visits WHERE page = 'new';

--! rows 55
--! touches accounts
INSERT INTO accounts SELECT 'u' || id, id, 'free', score FROM users WHERE score IS NOT NULL AND score < 1000;

--! rows 55
--! touches accounts
INSERT INTO accounts SELECT name || id, id, name FROM users;

--! rows 55
--! touches accounts
INSERT INTO accounts (slug, owner, plan) SELECT code, id, 'x' FROM users WHERE code IS NOT NULL AND id < 4;

--! rows 55
--! touches accounts
INSERT INTO accounts (slug, plan, credit) SELECT 'same', 'p', qty FROM orders;

--! rows 55
--! touches accounts
INSERT INTO accounts SELECT slug, 0, 'other', 0 FROM (VALUES ('acme'), ('zz'), ('aa')) v(slug) ON CONFLICT (slug) DO UPDATE SET plan = excluded.plan, owner = accounts.owner + excluded.owner;

--! rows 55
--! touches badges
INSERT INTO badges SELECT user_id + 1, badge, points FROM badges ON CONFLICT DO NOTHING;

--! rows 55
--! touches badges
INSERT INTO badges SELECT user_id + 1, badge, points FROM badges ON CONFLICT (user_id, badge) DO UPDATE SET points = badges.points + excluded.points RETURNING *;

--! rows 55
--! touches badges
INSERT INTO badges SELECT 17, 'twice', n FROM (SELECT qty AS n FROM orders) x ON CONFLICT (user_id, badge) DO UPDATE SET points = 0;

--! rows 55
--! touches events
INSERT INTO events SELECT placed, 1000000 + id + 1000 * user_id, status, user_id, qty FROM orders WHERE placed >= '2024-01-01' AND placed < '2025-01-01';

--! rows 55
--! touches events
INSERT INTO events (at, id, kind) SELECT born, id, 'birth' FROM users WHERE born IS NOT NULL AND born > '2024-01-01' UNION ALL SELECT '2024-02-03', id, 'tagged' FROM users;

--! rows 55
--! touches events
--! also 23514
INSERT INTO events (at, id, kind) SELECT '1990-01-01'::timestamp + id * interval '1 day', id, 'x' FROM users;

--! rows 55
--! touches devices
INSERT INTO devices (id, user_id, label) SELECT md5(id::text)::uuid, id, name FROM users;

--! rows 55
--! touches tickets
--! args int8 9
INSERT INTO tickets (user_id, id, body, opened) SELECT id + $1, 5000 + id, country, '2024-01-01' FROM users WHERE country IS NOT NULL;

--! rows 55
--! touches badges
INSERT INTO badges SELECT NULL, name, 1 FROM users;

--! rows 55
--! touches badges
INSERT INTO badges (user_id, badge) SELECT NULLIF(id, 42), 'null' FROM users;

--! rows 55
--! touches badges
INSERT INTO badges SELECT id, name, 'many' FROM users;

--! rows 55
--! touches badges
INSERT INTO badges SELECT age + 0.4, 'rounded', 3 FROM users WHERE id = 42;

--! rows 55
--! touches badges
INSERT INTO badges SELECT id + 1 FROM users;

--! rows 55
--! touches badges
INSERT INTO badges (user_id, badge) SELECT id + 1, 'x', 3 FROM users;

--! rows 55
--! touches badges
INSERT INTO badges SELECT id + 1, 'none', 3 FROM users WHERE age > 1000 RETURNING *;

--! rows 55
--! touches drafts
WITH rich AS (SELECT id, name, balance FROM users WHERE balance IS NOT NULL ORDER BY balance DESC, id LIMIT 6)
INSERT INTO drafts (user_id, body, words) SELECT id * 3, name, length(name) FROM rich;

--! rows 55
--! touches drafts
INSERT INTO drafts (user_id, body) SELECT u.id, e.kind FROM users u JOIN events e ON e.size = u.age WHERE e.id < 5 ON CONFLICT DO NOTHING;

--! rows 55
--! touches drafts
--! args int4 17
INSERT INTO drafts (user_id, words) SELECT min(user_id), $1 FROM orders GROUP BY status HAVING count(*) > $1;

--! rows 55
--! touches countries
INSERT INTO countries SELECT DISTINCT coalesce(country, '??'), 'from users' FROM users ON CONFLICT (code) DO UPDATE SET region = 'seen' RETURNING code, name;

--! rows 55
--! touches products
INSERT INTO products SELECT 100 + row_number() OVER (ORDER BY status), status, sum(amount) / 100 FROM orders GROUP BY status;

--! rows 55
--! touches products
INSERT INTO products (id, name, price) SELECT id + 500, name, price FROM products ORDER BY price DESC, id LIMIT 3;

--! rows 55
--! touches settings
INSERT INTO settings SELECT 'user ' || id, name FROM users RETURNING name;

--! rows 55
--! touches badges users
--! alone
BEGIN;
UPDATE users SET name = 'renamed' WHERE id IN (3, 300);
INSERT INTO badges SELECT id + 1, name, 1 FROM users WHERE name = 'renamed' RETURNING *;
SAVEPOINT here;
INSERT INTO badges SELECT id + 1, name, 1 FROM users WHERE name = 'renamed';
ROLLBACK TO here;
INSERT INTO badges SELECT id + 2, name, 1 FROM users WHERE name = 'renamed';
SELECT count(*), sum(points) FROM badges;
COMMIT;

--! rows 55
--! touches badges
INSERT INTO badges VALUES ((SELECT max(id) - 3 FROM users), 'max', DEFAULT) RETURNING *;

--! rows 55
--! touches badges
--! args int8 17 | text plus
INSERT INTO badges (badge, user_id) VALUES ($2, $1 + 1000) ON CONFLICT DO NOTHING RETURNING user_id;

--! rows 55
--! touches badges
INSERT INTO badges VALUES (abs(-3), 'gold', 5) ON CONFLICT (user_id, badge) DO UPDATE SET points = badges.points + excluded.points RETURNING *;

--! rows 55
--! touches badges
INSERT INTO badges VALUES (generate_series(1, 3), 'many');

--! rows 55
--! touches badges
INSERT INTO badges VALUES ((SELECT id FROM users WHERE id = -1), 'nobody');

--! rows 55
--! touches badges
INSERT INTO badges VALUES (10 / 0, 'nothing');

--! rows 55
--! touches accounts
INSERT INTO accounts VALUES (lower('NEW') || 'x', 3, 'free', 1.23456);

--! rows 55
--! touches events
INSERT INTO events (at, id, kind) VALUES ('2024-01-31'::date + interval '1 day', 77, 'sum');

--! rows 55
--! touches countries
INSERT INTO countries VALUES (upper('xx'), (SELECT min(name) FROM users), md5('x'));

--! rows 55
--! touches events
--! alone
BEGIN;
SET LOCAL datestyle = 'German, DMY';
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL extra_float_digits = -8;
INSERT INTO events (at, id, kind, size) SELECT created, 5000 + id, status, qty FROM users JOIN orders ON user_id = users.id AND orders.id < 3 WHERE created >= '01.01.2024' AND created < '01.01.2025';
COMMIT;

