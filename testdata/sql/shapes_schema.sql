-- Tables of shapes.sql: users, orders and events are sharded by user_id, countries is a reference table. The types mood and place stand in
-- public: CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE place AS (x int4, y text).
CREATE TABLE countries (
    code char(2) PRIMARY KEY,
    title text NOT NULL,
    region varchar(12)
);

CREATE TABLE users (
    user_id int8 PRIMARY KEY,
    name varchar(20),
    email text COLLATE "C",
    note text,
    city text COLLATE "de-x-icu",
    country char(2),
    score numeric(10,2),
    rating float8,
    born date,
    active bool,
    feel public.mood,
    tags int4[],
    joined timestamptz(3),
    doc jsonb
);

CREATE TABLE orders (
    user_id int8 NOT NULL,
    id int4 NOT NULL,
    status varchar(10),
    amount numeric(12,2),
    price numeric,
    qty int4,
    small int2,
    big int8,
    weight float8,
    placed timestamp,
    took interval,
    code uuid,
    raw bytea,
    paid bool,
    PRIMARY KEY (user_id, id)
);

CREATE TABLE events (
    user_id int8 NOT NULL,
    kind text,
    n int8,
    seen date,
    spot public.place
);
CREATE INDEX ON events (user_id);

INSERT INTO countries VALUES ('de', 'Deutschland', 'Europe'), ('fr', 'France', 'Europe'), ('jp', '日本', 'Asia'), ('us', 'USA', NULL), ('xx', 'Nobody', NULL);

INSERT INTO users
SELECT i,
    (ARRAY['ann', 'Ann', 'bob', 'Bob', 'émile', 'zoë', 'Ägir', '_x', '1st', 'z z', 'straße', NULL])[1 + i % 12],
    'user' || chr(65 + i % 7) || i % 11 || '@example.org',
    (ARRAY['b', 'B', 'a', 'A', 'é', 'e', '日本', '', NULL])[1 + i % 9],
    (ARRAY['Köln', 'Kassel', 'Zürich', 'köln', NULL])[1 + i % 5],
    (ARRAY['de', 'fr', 'jp', 'us', NULL])[1 + i % 5],
    CASE WHEN i % 13 = 0 THEN NULL ELSE (i * 7919 % 1000) / 10.0 END,
    (ARRAY['NaN', 'Infinity', '-Infinity', '0', '-0', '1.5', '-2.25', '1e300', NULL])[1 + i % 9]::float8,
    CASE WHEN i % 17 = 0 THEN NULL WHEN i % 19 = 0 THEN 'infinity' WHEN i % 23 = 0 THEN '-infinity' ELSE date '1960-01-01' + i * 37 END,
    (ARRAY[true, false, NULL])[1 + i % 3],
    (ARRAY['sad', 'ok', 'happy', NULL]::public.mood[])[1 + i % 4],
    CASE WHEN i % 6 = 0 THEN NULL ELSE ARRAY[i % 3, i % 2] END,
    timestamptz '2020-01-01 00:00:00.123+00' + i * interval '7 hours',
    jsonb_build_object('a', i % 3, 'b', 'x' || i % 2)
FROM generate_series(1, 90) i;

INSERT INTO orders
SELECT u, j,
    (ARRAY['new', 'paid', 'sent', 'New', 'back', NULL])[1 + (u * 3 + j * 5) % 6],
    CASE WHEN (u + j) % 11 = 0 THEN NULL ELSE (u * 104729 + j * 1299709) % 100000 / 100.0 END,
    CASE (u + j * 3) % 8 WHEN 0 THEN 1.1 WHEN 1 THEN 1.10 WHEN 2 THEN 12345678901234567890.123 WHEN 3 THEN -0.0000001 WHEN 4 THEN NULL WHEN 5 THEN 2 ELSE u / 3.0 END,
    (u * 31 + j * 17) % 50 - 10,
    (u * j) % 300,
    9000000000000000000 - u * 1000003 * j,
    u * 0.1 + j * 1e-7,
    timestamp '2021-05-05 05:05:05' + (u * j % 40) * interval '1 day 3 hours',
    CASE (u + j) % 4 WHEN 0 THEN interval '30 days' WHEN 1 THEN interval '1 month' WHEN 2 THEN interval '1 mon -3 hours' ELSE NULL END,
    md5(u || '/' || j)::uuid,
    decode(md5((u * j)::text), 'hex'),
    (u + j) % 3 = 0
FROM generate_series(1, 85) u, generate_series(1, 5) j WHERE (u + j) % 7 <> 0;

INSERT INTO events
SELECT u, (ARRAY['click', 'view', 'Buy', NULL])[1 + (u * j) % 4], u * j % 21, date '2022-02-02' + (u % 5),
    CASE WHEN u % 3 = 0 THEN NULL ELSE ROW(u % 4, 'p' || j)::public.place END
FROM generate_series(1, 95) u, generate_series(1, 4) j WHERE u % 5 <> 2;
