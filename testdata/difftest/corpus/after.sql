-- Rows 42 and 57: writes whose sub-queries run first.

--! rows 42 57
--! touches orders
DELETE FROM orders WHERE product IN (SELECT age FROM users WHERE age < 40);

--! rows 42 57
--! touches orders
DELETE FROM orders WHERE amount < (SELECT avg(amount) FROM orders) RETURNING user_id, id, amount;

--! rows 42 57
--! touches users
UPDATE users SET level = (SELECT max(qty) FROM orders), balance = (SELECT sum(amount) FROM orders WHERE qty = 3) WHERE age > (SELECT avg(age) FROM users) RETURNING id, level, balance;

--! rows 42 57
--! touches users
UPDATE users SET level = 3 WHERE id NOT IN (SELECT user_id FROM events WHERE user_id IS NOT NULL);

--! rows 42 57
--! touches users
UPDATE users SET level = 3 WHERE id NOT IN (SELECT user_id FROM events);

--! rows 42 57
--! touches users
--! args int8 42 | numeric 40
UPDATE users SET score = $2, level = level + 1 WHERE id = $1 AND $2 < (SELECT count(*) FROM orders WHERE user_id <> $1);

--! rows 42 57
--! touches badges
DELETE FROM badges WHERE user_id = 3 AND points < (SELECT max(points) FROM badges) RETURNING *, (SELECT count(*) FROM orders);

--! rows 42 57
--! touches orders
DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY amount DESC, user_id, id LIMIT 7);

--! rows 42 57
--! touches badges
WITH top AS (SELECT user_id, sum(amount) AS amount FROM orders GROUP BY user_id), best AS (SELECT user_id FROM top ORDER BY amount DESC NULLS LAST, user_id LIMIT 5)
UPDATE badges SET points = 1000 WHERE user_id IN (SELECT user_id FROM best);

--! rows 42 57
--! touches users
UPDATE users SET level = 1 WHERE age = (SELECT age FROM users WHERE age IS NOT NULL);

--! rows 42 57
--! touches users
UPDATE users SET level = 10 / ((SELECT count(*) FROM orders) - (SELECT count(*) FROM orders));

--! rows 42 57
--! touches orders
UPDATE orders SET amount = (SELECT max(balance) FROM users);

--! rows 42 57
--! touches users
DELETE FROM users WHERE EXISTS (SELECT 1 FROM events WHERE kind = 'never');

--! rows 42 57
--! touches badges
DELETE FROM badges WHERE EXISTS (SELECT 1 FROM events WHERE size > 3) AND points = 10;

--! rows 42 57
--! touches users
UPDATE users SET created = now() WHERE id IN (SELECT user_id FROM events WHERE at < now()) RETURNING created = now();
UPDATE users SET created = '2020-01-01';

--! rows 42 57
--! touches users
UPDATE users SET born = (SELECT max(born) FROM users), feel = (SELECT feel FROM users WHERE id = 3), code = (SELECT code FROM users WHERE id = 17) WHERE level = 2;

--! rows 42 57
--! touches countries
DELETE FROM countries WHERE code NOT IN (SELECT country FROM users WHERE country IS NOT NULL) RETURNING code;

--! rows 42 57
--! touches products
UPDATE products SET price = price + (SELECT max(qty) FROM orders) WHERE id IN (SELECT product FROM orders WHERE qty > 5);

--! rows 42 57
--! touches settings
UPDATE settings SET value = (SELECT count(*)::text FROM users) WHERE name = 'theme';

--! rows 42 57
--! touches users badges
--! alone
BEGIN;
UPDATE users SET age = 150 WHERE id = 3;
UPDATE badges SET points = (SELECT max(age) FROM users);
INSERT INTO badges VALUES (301, 'last', 7);
DELETE FROM badges WHERE user_id IN (SELECT user_id - 1 FROM badges WHERE badge = 'last') OR points > (SELECT avg(points) FROM badges);
SELECT count(*), sum(points) FROM badges;
COMMIT;

--! rows 42 57
--! touches badges
--! alone
BEGIN;
DELETE FROM badges WHERE points < (SELECT avg(points) FROM badges);
ROLLBACK;
DELETE FROM badges WHERE points > (SELECT avg(points) FROM badges);

