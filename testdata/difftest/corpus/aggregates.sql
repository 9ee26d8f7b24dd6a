-- Rows 19 to 34: aggregates, groups, windows.

--! rows 19
SELECT count(*) FROM users;

--! rows 19
SELECT count(age), count(email), count(1) FROM users;

--! rows 19
SELECT count(*) FROM users WHERE age > 1000;

--! rows 19
SELECT count(*), count(words) FROM drafts;

--! rows 19
--! args text paid
SELECT count(*) AS n FROM orders WHERE status = $1;

--! rows 19
SELECT count(*) FROM badges;

--! rows 20
SELECT sum(age), sum(level), sum(id) FROM users;

--! rows 20
SELECT sum(qty), sum(amount), min(amount), max(amount) FROM orders;

--! rows 20
SELECT sum(balance), max(balance), min(balance) FROM users WHERE balance < 1000000 AND balance > -1000000;

--! rows 20
SELECT sum(balance) FROM users;

--! rows 20
SELECT avg(age), avg(level), avg(id) FROM users;

--! rows 20
SELECT avg(amount), avg(rate), avg(qty) FROM orders;

--! rows 20
SELECT min(email), max(email), min(created), max(born) FROM users;

--! rows 20
SELECT min(city), max(city), min(name), max(name) FROM users;

--! rows 20
SELECT sum(words), avg(words), min(body), max(words) FROM drafts;

--! rows 20
SELECT sum(age), avg(age), max(age) FROM users WHERE id > 10000000;

--! rows 20
SELECT min(span), max(span), max(feel), min(feel) FROM users;

--! rows 20
SELECT sum(weight), min(weight), max(weight), avg(weight) FROM orders WHERE weight <> 'NaN';

--! rows 20
SELECT max(score), min(score), max(tags), min(born) FROM users;

--! rows 20
SELECT sum(span), avg(span) FROM users;

--! rows 20
SELECT max(points), avg(points) FROM badges;

--! rows 21
SELECT stddev(age), variance(age), stddev_pop(age), var_pop(age) FROM users;

--! rows 21
SELECT stddev(amount), var_samp(amount) FROM orders;

--! rows 21
--! ordered
SELECT status, stddev(qty), variance(qty) FROM orders GROUP BY status ORDER BY status;

--! rows 21
SELECT stddev(points), var_pop(points) FROM badges WHERE user_id = 42 OR user_id = 1;

--! rows 21
SELECT round(var_pop(weight)::numeric, 6) FROM orders WHERE weight <> 'NaN';

--! rows 22
SELECT bool_and(active), bool_or(active), every(age > 10) FROM users;

--! rows 22
SELECT bit_and(age), bit_or(level), bit_xor(id) FROM users;

--! rows 22
SELECT bool_or(words > 3), bit_or(words) FROM drafts;

--! rows 22
SELECT country, bool_and(active), bool_or(age > 40) FROM users GROUP BY country;

--! rows 23
SELECT string_agg(email, ',' ORDER BY id) FROM users;

--! rows 23
SELECT array_agg(id ORDER BY age, id) FROM users;

--! rows 23
SELECT json_agg(name ORDER BY id), jsonb_agg(level ORDER BY id) FROM users WHERE age = 45;

--! rows 23
--! ordered
SELECT status, string_agg(user_id::text, ',' ORDER BY user_id, id) FROM orders GROUP BY status ORDER BY status;

--! rows 23
SELECT country, array_agg(DISTINCT age ORDER BY age) FROM users GROUP BY country;

--! rows 23
SELECT jsonb_object_agg(slug, credit) FROM accounts;

--! rows 24
SELECT count(DISTINCT age), sum(DISTINCT age) FROM users;

--! rows 24
SELECT count(DISTINCT status) FROM orders;

--! rows 24
SELECT country, count(DISTINCT city) FROM users GROUP BY country;

--! rows 24
SELECT count(DISTINCT age), count(DISTINCT level), count(*) FROM users;

--! rows 24
SELECT count(DISTINCT id), count(DISTINCT (age, level)) FROM users;

--! rows 24
--! ordered
SELECT status, avg(DISTINCT qty), max(amount) FROM orders GROUP BY status ORDER BY status;

--! rows 24
SELECT count(DISTINCT balance) FROM users;

--! rows 25
SELECT count(*) FILTER (WHERE active), sum(age) FILTER (WHERE level = 2) FROM users;

--! rows 25
--! ordered
SELECT kind, count(*) FILTER (WHERE size > 20) AS big, avg(size) FILTER (WHERE size < 30) FROM events GROUP BY kind ORDER BY kind;

--! rows 25
--! args text paid
SELECT count(*) FILTER (WHERE status = $1), count(*) FROM orders;

--! rows 26
SELECT count(*) + 1, sum(age) / count(age), max(id) - min(id) FROM users;

--! rows 26
SELECT coalesce(sum(words), 0)::text || ' words', count(*) = 0 FROM drafts;

--! rows 26
SELECT round(avg(amount), 2), greatest(max(qty), 3), upper(max(status)) FROM orders;

--! rows 26
SELECT CASE WHEN count(*) > 10 THEN 'many' ELSE 'few' END, count(*)::float8 / 2 FROM orders;

--! rows 26
SELECT sum(qty * 2), sum(amount) * 1.10, max(length(note)) FROM orders;

--! rows 26
--! args int4 5 | numeric 1.5
SELECT sum(qty + $1) * $2, max(qty) > $1 FROM orders;

--! rows 26
SELECT to_char(sum(amount), '999999.99'), (max(placed) - min(placed))::text FROM orders;

--! rows 27
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY age) FROM users;

--! rows 27
SELECT mode() WITHIN GROUP (ORDER BY status), percentile_disc(0.3) WITHIN GROUP (ORDER BY qty) FROM orders;

--! rows 27
SELECT rank(30) WITHIN GROUP (ORDER BY age) FROM users;

--! rows 27
SELECT product_of(level) FROM users WHERE age < 40;

--! rows 27
--! ordered
SELECT country, percentile_cont(0.5) WITHIN GROUP (ORDER BY age) FROM users GROUP BY country ORDER BY country;

--! rows 28
--! ordered
SELECT age, count(*) FROM users GROUP BY age ORDER BY age;

--! rows 28
SELECT city, count(*), sum(age) FROM users GROUP BY city;

--! rows 28
SELECT count(*) FROM users GROUP BY country;

--! rows 28
--! ordered
SELECT age / 10 * 10 AS decade, count(*), avg(level) FROM users GROUP BY decade ORDER BY decade;

--! rows 28
SELECT lower(status), qty % 2 = 0 AS even, sum(amount) FROM orders GROUP BY 1, 2;

--! rows 28
--! ordered
SELECT date_trunc('month', placed) AS month, count(*), sum(amount) FROM orders GROUP BY 1 ORDER BY 1 DESC;

--! rows 28
SELECT rate::float8, count(*) FROM orders GROUP BY rate::float8;

--! rows 28
SELECT score, count(*) FROM users WHERE score <> 0 GROUP BY score;

--! rows 28
SELECT feel, count(*), min(id) FROM users GROUP BY feel;

--! rows 28
SELECT active, level, count(*), avg(age) FROM users GROUP BY active, level;

--! rows 28
SELECT page, sum(hits), count(*) FROM visits GROUP BY page;

--! rows 28
SELECT tenant, max(hits) FROM visits GROUP BY tenant;

--! rows 28
--! hollow
SELECT words, count(*) FROM drafts GROUP BY words;

--! rows 28
SELECT name COLLATE "C", count(*) FROM users GROUP BY name COLLATE "C";

--! rows 29
SELECT user_id, count(*), sum(amount) FROM orders GROUP BY user_id;

--! rows 29
--! ordered
SELECT user_id, count(*) FROM orders GROUP BY user_id HAVING count(*) > 2 ORDER BY user_id;

--! rows 29
--! ordered
SELECT user_id, sum(amount) AS total FROM orders GROUP BY user_id ORDER BY total DESC NULLS LAST, user_id LIMIT 10;

--! rows 29
--! ordered
SELECT user_id, array_agg(id ORDER BY id), string_agg(status, ',' ORDER BY id) FROM orders GROUP BY user_id ORDER BY user_id LIMIT 12;

--! rows 29
SELECT user_id, status, count(*), max(qty) FROM orders GROUP BY user_id, status;

--! rows 29
SELECT tenant, page, sum(hits) FROM visits GROUP BY tenant, page;

--! rows 29
SELECT id, name, count(*) FROM users GROUP BY id;

--! rows 29
--! ordered
SELECT user_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY qty) FROM orders GROUP BY user_id ORDER BY user_id;

--! rows 30
SELECT age, count(*) FROM users GROUP BY age HAVING count(*) > 5;

--! rows 30
SELECT city FROM users GROUP BY city HAVING sum(age) > 100;

--! rows 30
SELECT status, sum(qty) FROM orders GROUP BY status HAVING max(amount) > 80 AND min(qty) < 3;

--! rows 30
SELECT count(*) FROM users HAVING count(*) > 10;

--! rows 30
--! hollow
SELECT count(*) FROM users HAVING count(*) < 10;

--! rows 30
--! args int8 12
SELECT country, count(*) FROM users GROUP BY country HAVING count(*) >= $1 OR country IS NULL;

--! rows 31
--! ordered
SELECT age, count(*) AS n FROM users GROUP BY age ORDER BY n DESC, age LIMIT 3;

--! rows 31
--! ordered
SELECT product, sum(qty) FROM orders GROUP BY product ORDER BY sum(qty) DESC, product LIMIT 4;

--! rows 31
--! ordered
SELECT city FROM users GROUP BY city ORDER BY count(*), city COLLATE "C" NULLS FIRST LIMIT 5 OFFSET 1;

--! rows 31
--! ordered
SELECT status, avg(amount) AS a FROM orders GROUP BY status ORDER BY a DESC, status LIMIT 2;

--! rows 31
SELECT country, count(*) FROM users GROUP BY country ORDER BY count(*) DESC FETCH FIRST 2 ROWS WITH TIES;

--! rows 32
SELECT country, level, count(*) FROM users GROUP BY ROLLUP (country, level);

--! rows 32
SELECT status, product, sum(qty), grouping(status, product) FROM orders GROUP BY CUBE (status, product);

--! rows 32
SELECT age, level, avg(id) FROM users GROUP BY GROUPING SETS ((age), (level), ());

--! rows 33
SELECT user_id, id, row_number() OVER (PARTITION BY user_id ORDER BY id) FROM orders;

--! rows 33
--! ordered
SELECT user_id, id, sum(qty) OVER (PARTITION BY user_id ORDER BY placed, id) FROM orders ORDER BY user_id, placed, id;

--! rows 33
SELECT tenant, page, day, lag(hits) OVER w FROM visits WINDOW w AS (PARTITION BY tenant, page ORDER BY day);

--! rows 33
SELECT user_id, status, count(*) OVER (PARTITION BY user_id, status) FROM orders;

--! rows 34
--! ordered
SELECT id, row_number() OVER (ORDER BY age, id) FROM users ORDER BY id;

--! rows 34
SELECT id, age, rank() OVER (PARTITION BY country ORDER BY age) FROM users;

--! rows 34
SELECT id, count(*) OVER () FROM users;

--! rows 34
--! ordered
SELECT user_id, id, sum(amount) OVER (PARTITION BY status ORDER BY placed, user_id, id) FROM orders ORDER BY status, placed, user_id, id LIMIT 40;

--! rows 34
SELECT age, count(*), rank() OVER (ORDER BY count(*) DESC) FROM users GROUP BY age;

--! rows 34
SELECT id, percent_rank() OVER (ORDER BY score DESC) FROM users WHERE level = 2;

