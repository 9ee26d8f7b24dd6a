-- The tables of the differential test. Each server has them all; which rows a
-- shard holds is for the loader. Nothing here is random or of this moment.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');

-- Sharded by id: an int8 key.
CREATE TABLE users (
	id      int8 PRIMARY KEY,
	name    text NOT NULL,
	email   text COLLATE "C",
	city    text COLLATE "und-x-icu",
	country text,
	age     int4,
	level   int2,
	balance numeric,
	score   float8,
	active  bool,
	born    date,
	created timestamptz NOT NULL,
	feel    mood,
	tags    text[],
	prefs   jsonb,
	span    interval,
	code    char(6)
);

-- With users, by the same key.
CREATE TABLE orders (
	user_id int8 NOT NULL REFERENCES users (id),
	id      int8 NOT NULL,
	product int4,
	qty     int4 NOT NULL,
	amount  numeric(10,2),
	rate    numeric,
	weight  float8,
	status  text COLLATE "C" NOT NULL,
	placed  timestamp NOT NULL,
	note    varchar(20),
	PRIMARY KEY (user_id, id)
);

-- Another table with users, of few rows, so that some shards have none.
CREATE TABLE badges (
	user_id int8 NOT NULL,
	badge   text NOT NULL,
	points  int4 DEFAULT 10,
	PRIMARY KEY (user_id, badge)
);

-- Sharded by two columns.
CREATE TABLE visits (
	tenant int8 NOT NULL,
	page   text COLLATE "C" NOT NULL,
	day    date NOT NULL,
	hits   int4 NOT NULL,
	PRIMARY KEY (tenant, page, day)
);

-- By text.
CREATE TABLE accounts (
	slug   text COLLATE "C" PRIMARY KEY,
	owner  int8,
	plan   varchar(10) NOT NULL,
	credit numeric(12,3)
);

-- By uuid.
CREATE TABLE devices (
	id      uuid PRIMARY KEY,
	user_id int8 NOT NULL,
	label   text NOT NULL,
	seen    timestamp
);

-- By ranges of time, whatever the other tables are sharded by.
CREATE TABLE events (
	at      timestamp NOT NULL,
	id      int8 NOT NULL,
	kind    text COLLATE "C" NOT NULL,
	user_id int8,
	size    int4,
	PRIMARY KEY (at, id)
);

-- With users; ids come from a sequence.
CREATE TABLE tickets (
	user_id int8 NOT NULL,
	id      bigserial,
	body    text NOT NULL,
	opened  timestamptz DEFAULT now(),
	PRIMARY KEY (user_id, id)
);

-- With users, and without a row.
CREATE TABLE drafts (
	user_id int8 PRIMARY KEY,
	body    text,
	words   int4
);

-- On every shard.
CREATE TABLE countries (
	code   text COLLATE "C" PRIMARY KEY,
	name   text COLLATE "C" NOT NULL,
	region text
);
CREATE TABLE products (
	id    int4 PRIMARY KEY,
	name  text COLLATE "C" NOT NULL,
	price numeric(8,2) NOT NULL,
	kind  text
);

-- On one shard.
CREATE TABLE settings (
	name  text COLLATE "C" PRIMARY KEY,
	value text
);

-- The shard map says nothing of it.
CREATE TABLE strangers (
	id   int8 PRIMARY KEY,
	name text
);

CREATE VIEW adults AS SELECT id, name, age, city FROM users WHERE age >= 18;
CREATE VIEW spending AS SELECT user_id, count(*) AS orders, sum(amount) AS amount FROM orders GROUP BY user_id;
CREATE VIEW by_status AS SELECT status, count(*) AS orders FROM orders GROUP BY status;

CREATE FUNCTION doubled(int8) RETURNS int8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION order_count() RETURNS int8 LANGUAGE sql STABLE AS 'SELECT count(*) FROM orders';
CREATE FUNCTION orders_of(int8) RETURNS int8 LANGUAGE sql STABLE AS 'SELECT count(*) FROM orders WHERE user_id = $1';
CREATE PROCEDURE rename_user(int8, text) LANGUAGE sql AS 'UPDATE users SET name = $2 WHERE id = $1';
CREATE AGGREGATE product_of(numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = '1');
