#!/bin/sh
# psql: backslash commands, \gdesc, \bind-less variables, \copy, \watch-free scripts, -1, FETCH_COUNT, cancel by signal.
set -eu
count=0
run="drv_psql_$$"
ask() { psql -X -At -q -v ON_ERROR_STOP=1 "$@"; }
check() {
	count=$((count + 1))
	if [ "$2" != "$3" ]; then
		echo "FAILED $1: got '$2', want '$3'"
		exit 1
	fi
}

check "one value" "$(ask -c 'select 1')" 1
check "several -c" "$(ask -c "set timezone = 'Asia/Tokyo'" -c 'show timezone' | tr '\n' ' ')" 'Asia/Tokyo '
check "PGOPTIONS" "$(PGOPTIONS='-c work_mem=3MB -c search_path=one,two' ask -c 'show work_mem' -c 'show search_path' | tr '\n' ' ')" '3MB one,two '
check "PGTZ and friends" "$(PGTZ=Europe/Paris PGDATESTYLE=German PGAPPNAME=mine ask -c 'show timezone' -c 'show datestyle' -c 'show application_name' | tr '\n' ' ')" 'Europe/Paris German, DMY mine '
check "single transaction" "$(ask -1 -c "create table $run (i int, t text)" -c "insert into $run select g, 'row ' || g from generate_series(1, 1000) g" -c "select count(*) from $run")" 1000
check "gdesc" "$(ask <<SQL
select i, t from $run \\gdesc
SQL
)" 'i|integer
t|text'
check "variables" "$(ask -v name="it's" <<'SQL'
select :'name' as one \gset
\echo :one
select 'a' as x, 2 as y \gx
SQL
)" "it's
x|a
y|2"
check "gexec" "$(ask <<'SQL'
select 'select ' || g from generate_series(1, 3) g \gexec
SQL
)" '1
2
3'
check "FETCH_COUNT" "$(ask -v FETCH_COUNT=100 -c "select i from $run order by i" | tail -1)" 1000
ask -c "\\copy (select i, t from $run order by i) to '/dev/stdout' csv" | ask -c "\\copy $run from stdin csv"
check "copy out and in" "$(ask -c "select count(*), sum(i) from $run")" '2000|1001000'
check "describe" "$(ask -c "\\d $run" | head -1)" 'i|integer|||'
check "list of tables" "$(ask -c "\\dt $run" | cut -d'|' -f2)" "$run"
check "list of settings" "$(ask -c '\dconfig work_mem')" 'work_mem|4MB'
check "functions" "$(ask -c '\df lower' | grep -c lower)" 3
check "errors" "$(ask -v VERBOSITY=sqlstate -c 'select 1/0' 2>&1 || true)" 'ERROR:  22012'
check "savepoints" "$(ask -v ON_ERROR_ROLLBACK=on -v ON_ERROR_STOP=0 2>/dev/null <<'SQL'
begin;
select 1;
select 1/0;
select 2;
commit;
SQL
)" '1
2'
check "connect again" "$(ask <<'SQL'
set application_name = 'before';
\c
show application_name
SQL
)" psql
check "notices" "$(ask -c "do \$\$ begin raise notice 'told'; end \$\$" 2>&1)" 'NOTICE:  told'
check "notifications" "$(ask <<'SQL' | sed 's/ received from.*//'
listen here;
notify here, 'hello';
SQL
)" 'Asynchronous notification "here" with payload "hello"'
check "large object" "$(ask <<'SQL'
\lo_import /etc/hostname
\lo_export :LASTOID /dev/null
\lo_unlink :LASTOID
SQL
)" ''
check "prepare" "$(ask <<'SQL'
prepare p(int) as select $1 * 2;
execute p(21);
deallocate p;
create temp table t(i int);
insert into t values (1), (2);
select count(*) from t;
select pg_try_advisory_lock(990001);
SQL
)" '42
2
t'
check "the lock is gone with its session" "$(sleep 0.2; ask -c 'select pg_try_advisory_lock(990001)')" t

psql -X -At -c "select pg_sleep(60) as $run" >/dev/null 2>"/tmp/$run.err" &
sleeper=$!
tries=0
until [ "$(ask -c "select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(60) as $run'")" = 1 ] || [ $tries = 300 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
kill -INT $sleeper
wait $sleeper || true
check "cancel by signal" "$(cat "/tmp/$run.err")" 'Cancel request sent
ERROR:  canceling statement due to user request'
rm -f "/tmp/$run.err"

pg_dump -t "$run" | grep -v '^--' >"/tmp/$run.sql"
ask -c "alter table $run rename to ${run}_old"
ask -f "/tmp/$run.sql" >/dev/null
rm -f "/tmp/$run.sql"
check "dumped and restored" "$(ask -c "select (select count(*) from $run) - (select count(*) from ${run}_old)")" 0
ask -c "drop table $run" -c "drop table ${run}_old"
echo "ok $count checks"
