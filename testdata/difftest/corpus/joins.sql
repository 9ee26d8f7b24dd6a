-- Rows 35 to 43: joins and correlated sub-queries.

--! rows 35
SELECT u.id, u.name, o.id, o.amount FROM users u JOIN orders o ON o.user_id = u.id;

--! rows 35
SELECT u.id, o.id FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE u.age < 40;

--! rows 35
--! args int8 42
SELECT u.name, o.id, o.status FROM users u JOIN orders o ON o.user_id = u.id WHERE u.id = $1;

--! rows 35
SELECT id, name, badge, points FROM users FULL JOIN badges ON user_id = id;

--! rows 35
SELECT u.id, b.badge FROM badges b RIGHT JOIN users u ON b.user_id = u.id WHERE u.level = 2;

--! rows 35
--! ordered
SELECT u.id, o.id, b.badge FROM users u JOIN orders o ON o.user_id = u.id LEFT JOIN badges b ON b.user_id = o.user_id ORDER BY u.id, o.id, b.badge LIMIT 30;

--! rows 35
SELECT u.id, o.qty FROM users u, orders o WHERE u.id = o.user_id AND o.qty > u.level;

--! rows 35
SELECT o.user_id, b.badge FROM orders o JOIN badges b USING (user_id);

--! rows 35
SELECT a.id, b.name FROM users a JOIN users b ON a.id = b.id WHERE a.age = b.age;

--! rows 35
SELECT * FROM orders NATURAL JOIN badges;

--! rows 36
SELECT count(*), sum(o.amount) FROM users u JOIN orders o ON o.user_id = u.id WHERE u.active;

--! rows 36
--! ordered
SELECT u.country, count(DISTINCT u.id), sum(o.qty) FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.country ORDER BY u.country;

--! rows 36
--! ordered
SELECT u.id, u.name, count(o.id) AS n FROM users u LEFT JOIN orders o ON o.user_id = u.id GROUP BY u.id ORDER BY n DESC, u.id LIMIT 10;

--! rows 36
SELECT u.age, avg(o.amount), max(b.points) FROM users u JOIN orders o ON o.user_id = u.id LEFT JOIN badges b ON b.user_id = u.id GROUP BY u.age HAVING count(*) > 2;

--! rows 37
SELECT a.id, b.id FROM users a JOIN users b ON a.age = b.level + 15 WHERE a.id < b.id;

--! rows 37
SELECT count(*) FROM users CROSS JOIN badges;

--! rows 37
SELECT u.id, d.label FROM users u JOIN devices d ON d.user_id = u.id;

--! rows 37
SELECT a.slug, u.name FROM accounts a LEFT JOIN users u ON u.id = a.owner;

--! rows 37
SELECT u.id, e.at FROM users u JOIN events e ON e.at BETWEEN u.created + interval '1 year' AND u.created + interval '13 months' WHERE u.level = 3;

--! rows 37
--! ordered
SELECT e.kind, count(*), count(u.id), min(u.name COLLATE "C") FROM events e LEFT JOIN users u ON u.id = e.user_id GROUP BY e.kind ORDER BY e.kind;

--! rows 37
SELECT o.user_id, o.id, b.user_id FROM orders o JOIN badges b ON b.points = o.qty * 10;

--! rows 37
SELECT count(*) FROM orders a, orders b WHERE a.id = b.id AND a.user_id < b.user_id;

--! rows 37
SELECT v.tenant, v.page, u.name FROM visits v JOIN users u ON u.id = v.tenant WHERE v.hits > 10;

--! rows 38
SELECT u.id, c.name FROM users u JOIN countries c ON c.code = u.country;

--! rows 38
SELECT u.id, c.name FROM users u LEFT JOIN countries c ON c.code = u.country;

--! rows 38
--! ordered
SELECT o.user_id, o.id, p.name, p.price * o.qty AS cost FROM orders o JOIN products p ON p.id = o.product ORDER BY cost DESC, o.user_id, o.id LIMIT 20;

--! rows 38 36
--! ordered
SELECT c.region, count(*), avg(u.age) FROM users u LEFT JOIN countries c ON c.code = u.country GROUP BY c.region ORDER BY c.region;

--! rows 38
SELECT u.id, p.name FROM users u JOIN orders o ON o.user_id = u.id JOIN products p ON p.id = o.product JOIN countries c ON c.code = u.country WHERE c.region = 'EU';

--! rows 38
SELECT c.name, u.id FROM countries c RIGHT JOIN users u ON c.code = u.country WHERE u.id < 50;

--! rows 38
SELECT count(*) FROM users, countries;

--! rows 39
SELECT c.code, u.id FROM countries c LEFT JOIN users u ON u.country = c.code AND u.age = 45;

--! rows 39
SELECT p.id, p.name FROM products p WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.product = p.id);

--! rows 39
SELECT p.id FROM products p WHERE EXISTS (SELECT 1 FROM orders o WHERE o.product = p.id AND o.qty > 5);

--! rows 39
--! ordered
SELECT c.code, count(u.id) FROM countries c LEFT JOIN users u ON u.country = c.code GROUP BY c.code ORDER BY c.code;

--! rows 39
SELECT c.code FROM countries c WHERE c.code IN (SELECT country FROM users WHERE age > 60);

--! rows 39
SELECT c.code, u.id FROM users u FULL JOIN countries c ON u.country = c.code;

--! rows 39
SELECT name, (SELECT count(*) FROM users u WHERE u.country = c.code) FROM countries c;

--! rows 40
SELECT * FROM countries;

--! rows 40
--! ordered
SELECT p.kind, count(*), sum(price) FROM products p GROUP BY p.kind ORDER BY p.kind;

--! rows 40
--! args text DE
SELECT c.name, p.name FROM countries c, products p WHERE c.code = $1 AND p.price < 2;

--! rows 40
SELECT * FROM settings;

--! rows 40
SELECT s.name, c.code FROM settings s, countries c WHERE c.region = 'Asia';

--! rows 40
SELECT count(*) FROM settings;

--! rows 41
SELECT id, name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.status = 'paid');

--! rows 41
SELECT id FROM users u WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id);

--! rows 41
SELECT id, name FROM users WHERE id IN (SELECT user_id FROM orders WHERE qty > 6);

--! rows 41
SELECT id FROM users WHERE id NOT IN (SELECT user_id FROM orders);

--! rows 41
--! ordered
SELECT id, (SELECT sum(amount) FROM orders o WHERE o.user_id = u.id) FROM users u ORDER BY id;

--! rows 41
--! ordered
SELECT u.id, o.id, o.amount FROM users u, LATERAL (SELECT id, amount FROM orders o WHERE o.user_id = u.id ORDER BY amount DESC NULLS LAST, id LIMIT 2) o ORDER BY u.id, o.id;

--! rows 41
SELECT count(*) FROM users u WHERE EXISTS (SELECT 1 FROM badges b WHERE b.user_id = u.id) OR EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.qty = 9);

--! rows 41
SELECT user_id, id FROM orders o WHERE amount = (SELECT max(amount) FROM orders i WHERE i.user_id = o.user_id);

--! rows 41
SELECT u.id, n FROM users u LEFT JOIN LATERAL (SELECT count(*) AS n FROM orders o WHERE o.user_id = u.id) c ON true WHERE u.age > 40;

--! rows 42
SELECT id, name FROM users WHERE age = (SELECT max(age) FROM users);

--! rows 42
SELECT id, amount FROM orders WHERE amount > (SELECT avg(amount) FROM orders);

--! rows 42
SELECT id FROM users WHERE id IN (SELECT user_id FROM events WHERE kind = 'buy');

--! rows 42
SELECT slug FROM accounts WHERE owner NOT IN (SELECT user_id FROM badges);

--! rows 42
--! hollow
SELECT id FROM users WHERE id NOT IN (SELECT user_id FROM events);

--! rows 42
SELECT count(*) FROM users WHERE level IN (SELECT product FROM orders WHERE qty = 4);

--! rows 42
SELECT id, (SELECT count(*) FROM orders) AS all_orders FROM users WHERE level = 3;

--! rows 42
SELECT id FROM users WHERE age > ALL (SELECT points FROM badges WHERE points IS NOT NULL);

--! rows 42
--! hollow
SELECT id FROM users WHERE EXISTS (SELECT 1 FROM drafts);

--! rows 42
SELECT count(*) FROM users WHERE EXISTS (SELECT 1 FROM badges WHERE badge = 'gold');

--! rows 42
SELECT id FROM users WHERE age = (SELECT age FROM users WHERE country = 'DE');

--! rows 42
--! args text team
SELECT name FROM users WHERE id = ANY (ARRAY(SELECT owner FROM accounts WHERE plan = $1));

--! rows 42 40
SELECT id, country FROM users WHERE country IN (SELECT code FROM countries WHERE region = 'EU');

--! rows 42
SELECT at, id FROM events WHERE at = (SELECT max(at) FROM events);

--! rows 43
SELECT id, (SELECT count(*) FROM users b WHERE b.age = a.age) FROM users a;

--! rows 43
SELECT id FROM users a WHERE EXISTS (SELECT 1 FROM users b WHERE b.age = a.age AND b.id <> a.id AND b.country = a.country);

--! rows 43
SELECT slug, (SELECT name FROM users u WHERE u.id = a.owner) FROM accounts a;

--! rows 43
SELECT user_id, id FROM orders o WHERE amount = (SELECT max(amount) FROM orders i WHERE i.status = o.status);

