-- Statements that look like reads, or are not seen to be writes, and yet
-- change, lock, signal or remember something, or tell of one server only.
-- None may go to a replica. One per line, on the database of schema.sql.

-- Locking clauses.
select * from users for update
select * from users for share
select * from users for no key update
select * from users for key share
select * from users for update nowait
select * from users for update skip locked
select * from users u join orders o on o.user_id = u.id for update of o
select id from users where id = 1 for update limit 1
select id from users limit 1 for share
(select id from users for update)
select * from (select * from users for update) s
select * from (select * from (select * from users for key share) a) b
with u as (select * from users for update) select * from u
with recursive u as (select * from users for share) select count(*) from u
select (select id from users where id = 1 for update)
select 1 where exists (select 1 from users for update)
select * from orders where user_id in (select id from users for no key update)
select * from orders o, lateral (select * from users u where u.id = o.user_id for update) l
select array(select id from users for update)
select * from active_users for update
table users for update
/* just looking */ select * from users /* really */ for /* no */ update
select * from users /* -- */ FOR UPDATE
SeLeCt * FrOm users FoR uPdAtE
copy (select * from users for update) to stdout

-- Statements in WITH that modify.
with d as (delete from log returning *) select * from d
with d as (delete from log returning *) select 1
with i as (insert into log (msg) values ('x') returning id) select id from i
with u as (update users set active = active returning id) select count(*) from u
with a as (select 1), i as (insert into log (msg) select 'x' from a) select * from a
with i as (insert into log (msg) values ('x')) values (1)
with i as (insert into log (msg) values ('x')) table users
with recursive r(n) as (select 1 union all select n + 1 from r where n < 3), i as (insert into log (msg) select n::text from r) select * from r
with i as materialized (insert into log (msg) values ('x') returning 1) select 1
with d as (delete from items using orders where items.order_id = orders.id and false returning sku) select sku from d
with u as (insert into users (id, name) values (1, 'x') on conflict (id) do nothing returning id) select * from u
copy (with d as (delete from log returning id) select * from d) to stdout
copy (delete from log returning id) to stdout
copy (insert into log (msg) values ('x') returning id) to stdout
copy (update log set msg = msg returning id) to stdout
with w as (select 1) delete from log
with w as (select 1 as one) insert into log (msg) select one::text from w
with w as (select 1) update log set msg = 'x'

-- SELECT INTO, and tables made of queries.
select * into new_users from users
select 1 as one into temp one_row
select * into unlogged fast from users
select id into temporary table ids from users
with u as (select 1 as a) select a into made from u
select * into pg_temp.mine from users
create table copied as select * from users
create temp table copied as select * from users
create materialized view mv as select 1
create table executed as execute nothing

-- EXPLAIN that runs what it explains.
explain analyze select * from users
explain analyze delete from log
explain (analyze) insert into log (msg) values ('x')
explain (analyze true) update users set active = active
explain (analyze on, buffers) select nextval('seq')
explain (analyze 1) select write_log('x')
explain (buffers, analyze) select pg_advisory_lock(1)
explain (costs off, analyze 'on') delete from log
explain analyze verbose delete from log
explain (analyze, format json) with d as (delete from log returning 1) select * from d
explain analyze create table explained as select 1
explain analyze execute nothing
explain delete from log
explain insert into log (msg) values ('x')
explain update users set active = active
explain select * from users for update
EXPLAIN /* hm */ ANALYZE DELETE FROM log

-- Several statements in one text.
select 1; select 2
select 1; delete from log
select 1; insert into log (msg) values ('x'); select 2
begin; select 1; commit
begin; delete from log; commit
select 1; select nextval('seq')
select 'a;b'; delete from log
select 1 /* ; */; delete from log
set statement_timeout = 0; select 1
select 1; set search_path = app
;; delete from log ;;
select 1; commit

-- CALL, DO, COPY.
call housekeeping()
call public.housekeeping()
do $$ begin delete from log; end $$
do $$ begin perform 1; end $$
do language plpgsql 'begin perform nextval(''seq''); end'
do $do$ begin perform pg_advisory_lock(1); end $do$
copy log (msg) from stdin
copy log from program 'true'
copy users to program 'cat'
copy users to '/dev/null'
copy (select 1) to program 'cat'
copy (select write_log('x')) to stdout
copy (select nextval('seq')) to stdout
copy (table logging_users) to stdout
copy (select * from view_of_logging) to stdout with csv
copy scratch to stdout

-- Cursors and prepared statements: what they run, they run later.
declare c cursor for select 1
declare c cursor with hold for select * from users
declare c cursor for select write_log('x')
fetch 1 from c
fetch all c
move forward 10 in c
close c
close all
prepare p as delete from log
prepare p as select 1
prepare p (int) as insert into log (msg) values ($1::text)
execute p
execute p (1)
deallocate p
deallocate all
discard all
discard temp
discard plans
discard sequences

-- Temporary, unlogged and foreign relations.
create temp table t (id int)
create temporary view tv as select 1
select * from pg_temp.t
select * from scratch
select count(*) from public.scratch
select * from unlogged_view
select * from users u where exists (select 1 from scratch s where s.id = u.id)
select * from parted
select * from parted_1
with s as (table scratch) select * from s
select * from remote
select * from foreign_view
select * from users natural join remote
table remote

-- Sequences.
select nextval('seq')
select pg_catalog.nextval('seq')
select "nextval"('seq')
select "pg_catalog"."nextval"('seq'::regclass)
SELECT NEXTVAL('seq')
select NextVal ('seq')
select /* one */ nextval /* two */ ( 'seq' )
select currval('seq')
select lastval()
select setval('seq', 1)
select setval('seq', 1, false)
select last_value from seq
select * from seq
select * from users where id = nextval('seq')
select * from users order by nextval('seq')
select * from users limit nextval('seq')
select * from users offset currval('seq')
select id from users group by id having nextval('seq') > 0
select coalesce(1, nextval('seq'))
select case when true then nextval('seq') end
select array[nextval('seq')]
select row(nextval('seq'))
select (select nextval('seq'))
select sum(nextval('seq')) over () from users
select count(*) filter (where nextval('seq') > 0) from users
select * from generate_series(1, nextval('seq'))
select * from users, lateral (select nextval('seq')) l
select * from users join orders on nextval('seq') > 0
values (nextval('seq'))
select nextval('seq') union select 1
select * from rows from (generate_series(1, 2), nextval('seq')) r
select nextval(pg_get_serial_sequence('users', 'id'))
select 1 where nextval('seq') between 1 and 2
select array_agg(id order by nextval('seq')) from users
select rank() over (order by nextval('seq')) from users
select * from users tablesample bernoulli (nextval('seq'))
select (nextval('seq'))::text
select json_build_object('id', nextval('seq'))
select * from json_to_recordset(json_build_array(nextval('seq'))) as x(a int)
select * from xmltable('/a' passing xmlelement(name a, nextval('seq')) columns b int path 'b')
explain select * from scratch
select u.* from (values (nextval('seq'))) u
select distinct on (nextval('seq')) id from users
select * from users where (id, nextval('seq')) in (select 1, 2)
select grouping(id), nextval('seq') from users group by rollup (id)
select U&"n\0065xtval"('seq')

-- Advisory locks, however they are spelled.
select pg_advisory_lock(1)
select pg_advisory_lock(1, 2)
select pg_advisory_lock_shared(1)
select pg_advisory_lock_shared(1, 2)
select pg_try_advisory_lock(1)
select pg_try_advisory_lock(1, 2)
select pg_try_advisory_lock_shared(1)
select pg_try_advisory_lock_shared(1, 2)
select pg_advisory_xact_lock(1)
select pg_advisory_xact_lock(1, 2)
select pg_advisory_xact_lock_shared(1)
select pg_try_advisory_xact_lock(1)
select pg_try_advisory_xact_lock(1, 2)
select pg_try_advisory_xact_lock_shared(1)
select pg_advisory_unlock(1)
select pg_advisory_unlock(1, 2)
select pg_advisory_unlock_shared(1)
select pg_advisory_unlock_all()
select pg_catalog.pg_advisory_lock(1)
select "pg_advisory_lock"(1)
SELECT PG_ADVISORY_LOCK(1)
select * from pg_advisory_lock(1)
select 1 from pg_try_advisory_lock(1) as got
select count(*) from users where pg_try_advisory_lock(id)
select pg_advisory_lock(hashtext('job'))
select 1 where pg_try_advisory_xact_lock(42)
with l as (select pg_advisory_lock(1)) select 1 from l
with l as materialized (select pg_advisory_lock(1)) select 1
select (select pg_try_advisory_lock(1)) as got
select pg_advisory_lock(id) from users limit 1
select case when pg_try_advisory_lock(1) then 'locked' else 'busy' end
explain (analyze) select pg_advisory_lock(1)
select U&"pg_adv\0069sory_lock"(1)
select * from locks
select liar_lock(1)
lock table users
lock table users in access share mode
lock users in row exclusive mode nowait

-- What a session remembers.
select set_config('search_path', 'app', false)
select set_config('search_path', 'app', true)
select pg_catalog.set_config('work_mem', '1MB', false)
select set_config(name, setting, false) from (values ('work_mem', '1MB')) v(name, setting)
select liar_set('x')
select setseed(0.5)
select current_setting('transaction_read_only')
select current_setting('in_hot_standby')
set search_path = app
set local work_mem = '1MB'
set session characteristics as transaction read only
set transaction read write
set constraints all deferred
set role none
set session authorization default
set time zone 'UTC'
reset all
reset work_mem
show all
show transaction_read_only
show in_hot_standby
show search_path
update pg_settings set setting = '1MB' where name = 'work_mem'
listen channel
unlisten channel
unlisten *
notify channel
notify channel, 'payload'
select pg_notify('channel', 'payload')
select pg_listening_channels()
select pg_notification_queue_usage()
load 'auto_explain'

-- Transactions.
begin
start transaction
begin isolation level serializable
commit
rollback
savepoint s
release savepoint s
rollback to savepoint s
prepare transaction 'x'
commit prepared 'x'
rollback prepared 'x'
select txid_current()
select txid_current_if_assigned()
select txid_current_snapshot()
select txid_status(1)
select pg_current_xact_id()
select pg_current_xact_id_if_assigned()
select pg_current_snapshot()
select pg_xact_status('1'::xid8)
select pg_export_snapshot()

-- Functions that act on a server, or tell of one.
select pg_reload_conf()
select pg_rotate_logfile()
select pg_cancel_backend(0)
select pg_terminate_backend(0)
select pg_log_backend_memory_contexts(0)
select pg_sleep(0)
select pg_sleep_for('0 seconds')
select pg_sleep_until(now())
select pg_is_in_recovery()
select pg_is_wal_replay_paused()
select pg_last_wal_receive_lsn()
select pg_last_wal_replay_lsn()
select pg_last_xact_replay_timestamp()
select pg_current_wal_lsn()
select pg_current_wal_insert_lsn()
select pg_current_wal_flush_lsn()
select pg_switch_wal()
select pg_create_restore_point('x')
select pg_wal_replay_pause()
select pg_wal_replay_resume()
select pg_promote(false)
select pg_backup_start('x', true)
select pg_backup_stop()
select pg_create_physical_replication_slot('s')
select pg_create_logical_replication_slot('s', 'pgoutput')
select pg_drop_replication_slot('s')
select pg_replication_slot_advance('s', '0/0')
select pg_logical_emit_message(false, 'a', 'b')
select pg_logical_slot_get_changes('s', null, null)
select pg_replication_origin_create('o')
select pg_replication_origin_session_setup('o')
select pg_stat_reset()
select pg_stat_reset_shared('bgwriter')
select pg_stat_get_numscans(1)
select pg_stat_clear_snapshot()
select pg_stat_file('postgresql.conf')
select pg_read_file('postgresql.conf')
select pg_read_binary_file('PG_VERSION')
select pg_ls_dir('.')
select * from pg_ls_waldir()
select * from pg_ls_logdir()
select pg_backend_pid()
select pg_blocking_pids(1)
select pg_postmaster_start_time()
select pg_conf_load_time()
select pg_my_temp_schema()
select pg_control_system()
select * from pg_control_checkpoint()
select pg_relation_size('users')
select pg_total_relation_size('users')
select pg_database_size('postgres')
select pg_table_size('users')
select pg_get_viewdef('active_users')
select pg_get_serial_sequence('users', 'id')
select pg_sequence_last_value('seq')
select pg_import_system_collations('pg_catalog')
select pg_collation_actual_version(100)
select pg_nextoid('pg_class', 'oid', 'pg_class_oid_index')
select inet_server_addr()
select inet_server_port()
select inet_client_addr()
select inet_client_port()
select random()
select id from users order by random()
select gen_random_uuid()
select clock_timestamp()
select timeofday()
select brin_summarize_new_values('users_pkey')
select gin_clean_pending_list('users_pkey')
select binary_upgrade_set_next_pg_type_oid(1)
select has_table_privilege('users', 'select')
select to_regclass('users')
select 'users'::regclass
select format_type(23, null)
select row_security_active('users')

-- Functions that run SQL text, or read what they are told to.
select query_to_xml('select nextval(''seq'')', false, false, '')
select table_to_xml('logging_users', false, false, '')
select schema_to_xml('public', false, false, '')
select database_to_xml(false, false, '')
select query_to_xmlschema('select 1', false, false, '')
select cursor_to_xml('c', 1, false, false, '')
select table_to_xml_and_xmlschema('view_of_logging', true, true, '')
select * from ts_stat('select to_tsvector(write_log(''x''))')
select ts_rewrite('a'::tsquery, 'select to_tsquery(write_log(''a'')), to_tsquery(''b'')')
select * from crosstab('select 1, 2, nextval(''seq'')') as c(a int, b bigint)
select * from crosstab2('select write_log(''x''), ''a'', ''b''')
select * from connectby('(select nextval(''seq'') as id, 1 as parent) x', 'id', 'parent', '1', 0) as t(a int, b int, c int)
select dblink_connect('dbname=postgres')
select * from dblink('dbname=postgres', 'select 1') as t(a int)
select dblink_exec('dbname=postgres', 'delete from log')
select dblink_send_query('c', 'select 1')
select dblink_disconnect()
select dblink_get_connections()
select postgres_fdw_disconnect_all()
select * from postgres_fdw_get_connections()
select domain_in('x', 0, -1)
select array_in('{1}', 25, -1)
select record_in('(1)', 0, -1)

-- Large objects.
select lo_create(0)
select lo_creat(-1)
select lo_from_bytea(0, 'x')
select lo_put(1, 0, 'x')
select lo_get(1)
select lo_open(1, 131072)
select loread(0, 1)
select lowrite(0, 'x')
select lo_close(0)
select lo_unlink(1)
select lo_import('/dev/null')
select lo_export(1, '/dev/null')
select lo_truncate(0, 0)

-- Functions of the database.
select write_log('x')
select public.write_log('x')
select * from write_log('x')
select WRITE_LOG('x')
select "write_log"('x')
select "Write It"()
select make_table('made_by_function')
select unmarked(1)
select hidden()
select app.hidden()
select app.btrim('X')
select btrim('X')
select overloaded(1)
select overloaded('x')
select spread('a', 'b', 'c')
select spread(variadic array['a'])
select liar(1)
select liar_pl(1)
select liar_deep(1)
select liar_view()
select liar_execute('seq')
select liar_quoted(1)
select liar_escaped(1)
select liar_atomic()
select liar_cursor()
select liar_settings()
select "ÉCRIRE"()
select liar_accent()
select liar_long()
select a_function_whose_name_is_cut_because_it_is_much_longer_than_63_bytes()
select liar_default()
select liar_circle_a(2)
select liar_circle_b(2)
select liar_op(1)
select liar_domain('x')
select ours_in_c('users')
select not_there(1)
select liar_row(u) from users u
select u.liar_row from users u
select (u).liar_row from users u
select users.liar_row from users
select u.liar_any from users u
select (select u from users u limit 1).liar_any
select id from users where users.liar_row = 'x'
select noting_sum(qty) from items
select noting_sum(qty) over () from items
select noting_final(qty) from items
select * from users where length(write_log(name)) > 0
select * from users order by write_log(name)
select count(*) from users group by write_log(name)
select max(write_log(name)) from users
select coalesce(null, write_log('x'))
select (array['a', write_log('b')])[1]
select * from unnest(array[write_log('x')])
select name || write_log('x') from users
select write_log('x') is null
select not (write_log('x') = 'y')
select * from users where name in ('a', write_log('b'))
select * from users where name = any (array[write_log('b')])
select * from users u left join lateral write_log(u.name) w on true
select gen_salt('md5')
select gen_random_bytes(1)
select crypt('a', gen_salt('bf'))
select normal_rand(1, 0, 1)
select set_limit(0.5)

-- Operators, casts, domains, types, policies.
select 1 === 2
select 1 operator(public.===) 2
select * from users where id::int === 1
select * from items order by qty === 1
select qty === any (array[1]) from items
select 'x'::noted
select cast('x' as noted)
select noted 'x'
select noted('x')
select 'x'::public.noted
select '{x}'::noted[]
select null::noted
select row('x', 1)::noted_pair
select '(x,1)'::noted_pair
select jsonb_populate_record(null::noted_pair, '{"a": "x"}')
select * from jsonb_to_recordset('[{"a": "x"}]') as t(a noted)
select * from jsonb_to_record('{"a": "x"}') as t(a noted)
select * from xmltable('/a' passing '<a/>' columns b noted path 'b')
select * from noted_rows
select jsonb_populate_record(r, '{"v": "y"}') from noted_rows r
select 1.5::celsius
select cast(1.5 as celsius)
select 1.5::numeric::public.celsius
select * from guarded
select count(*) from guarded g join users u on u.id = g.id
select 'x'::no_such_type

-- Views.
select * from logging_users
select count(*) from view_of_logging
select * from next_ids
select * from public.next_ids
select (select id from next_ids)
select * from users where id in (select id from next_ids)
select * from users union all select id, name, null, null, null, null, null, null, null, null, null from logging_users
with v as (select * from view_of_logging) select * from v
with users as (select * from next_ids) select * from users
select * from activity

-- What one server knows, and the catalog, which a replica knows later.
select * from pg_stat_activity
select * from pg_catalog.pg_stat_activity
select * from pg_locks
select * from pg_stat_replication
select * from pg_stat_wal_receiver
select * from pg_stat_user_tables
select * from pg_statio_user_tables
select * from pg_stat_bgwriter
select * from pg_settings
select * from pg_prepared_statements
select * from pg_prepared_xacts
select * from pg_cursors
select * from pg_replication_slots
select * from pg_file_settings
select * from pg_hba_file_rules
select * from pg_class
select * from pg_sequences
select * from pg_tables where schemaname = 'public'
select * from information_schema.tables
select column_name from information_schema.columns where table_name = 'users'
select * from pg_stat_statements

-- Writes, plainly, with something in front.
insert into log (msg) values ('x') returning *
/* select */ delete from log
((select * from users)) for update
update log set msg = 'x' returning msg
delete from log where false
merge into items i using orders o on o.id = i.order_id when matched then do nothing
truncate scratch
refresh materialized view daily
vacuum scratch
analyze scratch
checkpoint
reindex table scratch
cluster
comment on table scratch is 'x'
grant select on scratch to public
create index on log (at)
alter table scratch set (fillfactor = 90)
drop table if exists never_there
create or replace view v1 as select 1
security label on table scratch is null
reassign owned by app to app
