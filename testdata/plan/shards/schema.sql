-- The database of the golden plans for shards. The map of it is in
-- router/shardplan/fixture_test.go: users and what belongs to them by hash of
-- a bigint, readings by ranges of a date, sites by a list of texts, pairs by
-- hash of two columns, countries and rates on every shard, settings on one.
create schema app;
create domain label as text;
create type mood as enum ('sad', 'ok', 'happy');
create table countries (code text primary key, name text not null, added timestamptz not null default now(), active bool default true);
create table rates (id int primary key, country text references countries, rate numeric(8,4));
create table tallies (id bigserial primary key, n int);
create table users (id bigint primary key, name text not null, email text, country text references countries, age int, feeling mood, born date,
  created_at timestamptz not null default now(), score numeric, active bool, code char(4) collate "C", tag text collate "C");
create table orders (user_id bigint not null references users on delete cascade, id bigint not null, total numeric(12,2), status text, placed_at timestamptz default now(),
  country text, note text, primary key (user_id, id));
create table items (user_id bigint not null, order_id bigint not null, n int not null, sku text, qty int, price numeric, primary key (user_id, order_id, n),
  foreign key (user_id, order_id) references orders);
create table profiles (user_id int primary key, bio text, kind label);
create table tickets (id bigserial, user_id bigint not null, subject text, primary key (user_id, id));
create table tokens (token text primary key, user_id bigint not null);
create table audited (user_id bigint primary key, n int);
create function on_audited() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger audits before insert or update or delete on audited for each row execute function on_audited();
create table readings (day date not null, sensor int not null, v float8, note text, primary key (day, sensor)) partition by range (day);
create table readings_2024 partition of readings for values from ('2024-01-01') to ('2025-01-01');
create table sites (name text primary key, title text, at timestamp);
create table visits (site text not null, n int not null, primary key (site, n));
create table pairs (tenant text not null, id bigint not null, v text, primary key (tenant, id));
create table pair_notes (tenant text not null, pair_id bigint not null, n int not null, note text, primary key (tenant, pair_id, n));
create table slots (at timestamp primary key, v int);
create table keys (id uuid primary key, v varchar(10));
create table settings (name text primary key, value text);
create table junk (id int);
create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84));
create view user_orders as select u.id, u.name, o.id as order_id, o.total from users u join orders o on o.user_id = u.id;
create view order_totals as select user_id, count(*) as n, sum(total) as total from orders group by user_id;
create view big_orders as select * from orders where total > 100;
create view country_names as select code, name from countries;
create view top_users as select * from users order by score desc limit 10;
create materialized view frozen as select count(*) from users;
create function add_tax(numeric) returns numeric language sql immutable as $$ select $1 * 1.19 $$;
create function order_count(bigint) returns bigint language sql stable as $$ select count(*) from orders where user_id = $1 $$;
create function write_log(text) returns text language plpgsql as $$ begin return $1; end $$;
create extension postgres_fdw;
create server elsewhere foreign data wrapper postgres_fdw options (dbname 'postgres');
create foreign table remote (id int) server elsewhere;
create table guarded (user_id bigint primary key, v text);
alter table guarded enable row level security;
create policy own on guarded using (user_id = current_setting('app.user')::bigint);
create table asking (user_id bigint primary key, v text);
alter table asking enable row level security;
create policy asks on asking using (exists (select from users u where u.id = 1));
create sequence seq;
create schema wye;
create function wye.unique_id() returns bigint language plpgsql volatile security definer as $$ begin return 1; end $$;
create table tracks (user_id bigint not null, id bigint not null default wye.unique_id(), note text, primary key (user_id, id));
create table badges (id bigint primary key default wye.unique_id(), name text);
create table tariffs (id bigint primary key default wye.unique_id(), n int);
