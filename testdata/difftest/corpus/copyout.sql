-- Row 61: COPY of a query whose rows must be put together.

--! rows 61
--! ordered
COPY (SELECT id, name, tags, prefs, span, score, feel, code FROM users ORDER BY id) TO STDOUT;

--! rows 61
--! ordered
COPY (SELECT id, name, tags, prefs, created, score, balance FROM users ORDER BY id DESC LIMIT 20 OFFSET 3) TO STDOUT WITH CSV HEADER FORCE QUOTE name, id;

--! rows 61
--! ordered
COPY (SELECT name, count(*), sum(balance), max(score) FROM users GROUP BY name ORDER BY 1) TO STDOUT (FORMAT csv, DELIMITER ';', NULL 'none', QUOTE '''', ESCAPE '\', FORCE_QUOTE *);

--! rows 61
COPY (SELECT count(*), max(created), min(prefs::text), max(score) FROM users WHERE id < 100) TO STDOUT (HEADER, DELIMITER '|', NULL '');

--! rows 61
--! ordered
COPY (SELECT id, born, feel, balance, span, tags FROM users ORDER BY id) TO STDOUT (FORMAT binary);

--! rows 61
COPY (SELECT status, sum(amount), max(weight) FROM orders GROUP BY status) TO STDOUT BINARY;

--! rows 61
COPY (SELECT id FROM users WHERE age > (SELECT avg(age) FROM users)) TO STDOUT;

--! rows 61
COPY (SELECT DISTINCT country FROM users) TO STDOUT CSV;

--! rows 61
--! hollow
COPY (SELECT age, count(*) FROM users WHERE age > 1000 GROUP BY age) TO STDOUT (FORMAT csv);

--! rows 61
COPY (SELECT created < now() AS past, count(*) FROM users GROUP BY 1) TO STDOUT (HEADER true);

--! rows 61
COPY (SELECT u.id, p.name FROM users u CROSS JOIN products p JOIN events e ON e.size = p.id) TO STDOUT;

--! rows 61
COPY (SELECT count(*) FROM users) TO STDOUT (FORMAT csv, FORCE_QUOTE (nothing));

--! rows 61
COPY (SELECT count(*) FROM users) TO STDOUT (DELIMITER 'x');

--! rows 61
COPY (SELECT 10 / (count(*) - count(*)) FROM users) TO STDOUT;

--! rows 61
--! alone
BEGIN;
SET LOCAL datestyle = 'German, DMY';
SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL extra_float_digits = -8;
SET LOCAL bytea_output = 'escape';
UPDATE users SET age = 99 WHERE age < 30;
COPY (SELECT max(created), max(born), max(span), max(score), max(name::bytea::text), max(age) FROM users) TO STDOUT;
ROLLBACK;

--! rows 61
--! touches badges
--! alone
BEGIN;
INSERT INTO badges SELECT id + 3, 'copied', 1 FROM users WHERE age = 30;
COPY (SELECT badge, count(*) FROM badges GROUP BY badge ORDER BY badge) TO STDOUT;
COMMIT;

