"""psycopg2: everything is a simple query with inlined values; named cursors, COPY, large objects."""

import io
import select
import threading
import time

import psycopg2
import psycopg2.extras
from psycopg2 import extensions

from checks import DATABASE, HOST, PASSWORD, PORT, USER, ZONES, check, done, name, refused


def connect(autocommit=False, **more):
    conn = psycopg2.connect(host=HOST, port=PORT, dbname=DATABASE, user=USER, password=PASSWORD, **more)
    conn.autocommit = autocommit
    return conn


def state(e):
    return e.pgcode


def rows(conn, query, args=None):
    with conn.cursor() as cur:
        cur.execute(query, args)
        return cur.fetchall() if cur.description else None


def one(conn, query, args=None):
    return rows(conn, query, args)[0][0]


def literals():
    conn = connect(autocommit=True)
    for i in range(500):
        check("inlined", rows(conn, "select %s, %s, %s", (i, f"it's {i} \\ %", None)), [(i, f"it's {i} \\ %", None)])
    conn.close()


def transactions():
    t = name("tx")
    conn = connect()
    rows(conn, f"create table {t} (i int primary key)")
    conn.commit()
    rows(conn, f"insert into {t} values (1)")
    conn.rollback()
    check("rolled back", one(conn, f"select count(*) from {t}"), 0)
    conn.commit()
    with conn:
        rows(conn, f"insert into {t} values (1)")
        rows(conn, "savepoint s")
        refused("duplicate", "23505", lambda: rows(conn, f"insert into {t} values (1)"), state)
        refused("failed", "25P02", lambda: rows(conn, "select 1"), state)
        rows(conn, "rollback to savepoint s")
        rows(conn, f"insert into {t} values (2)")
    check("savepoint", one(conn, f"select count(*) from {t}"), 2)
    conn.rollback()
    check("status", conn.get_transaction_status(), extensions.TRANSACTION_STATUS_IDLE)
    for query, code in (("select 1/0", "22012"), ("selec", "42601"), ("select * from no_such_table", "42P01"),
                        ("select 'x'::int", "22P02")):
        refused(query, code, lambda q=query: rows(conn, q), state)
        conn.rollback()
    conn.set_session(isolation_level="SERIALIZABLE", readonly=True, deferrable=True)
    check("isolation", rows(conn, "select current_setting('transaction_isolation'), current_setting('transaction_read_only')"),
          [("serializable", "on")])
    refused("read only", "25006", lambda: rows(conn, f"insert into {t} values (9)"), state)
    conn.rollback()
    conn.set_session(isolation_level="DEFAULT", readonly="DEFAULT", deferrable="DEFAULT")
    check("isolation again", one(conn, "show transaction_isolation"), "read committed")
    conn.rollback()
    conn.autocommit = True
    conn.set_session(readonly=True)
    refused("session read only", "25006", lambda: rows(conn, f"insert into {t} values (9)"), state)
    conn.set_session(readonly=False)
    rows(conn, f"drop table {t}")
    conn.close()


def two_phase():
    t = name("tpc")
    conn = connect()
    rows(conn, f"create table {t} (i int)")
    conn.commit()
    conn.tpc_begin(conn.xid(1, name("gid"), "b"))
    rows(conn, f"insert into {t} values (1)")
    conn.tpc_prepare()
    conn.tpc_commit()
    check("two-phase", one(conn, f"select count(*) from {t}"), 1)
    rows(conn, f"drop table {t}")
    conn.commit()
    conn.close()


def settings_worker(i, failures):
    zone, path, app = ZONES[i], f"path_{i}, public", f"psycopg2 {i}"
    try:
        conn = connect(autocommit=True, application_name=app, options=f"-c work_mem={i + 1}MB -csearch_path=start")
        check_path = one(conn, "show search_path")
        if check_path != "start":
            failures.append((i, "options", check_path))
        rows(conn, f"set timezone = '{zone}'; set search_path = {path}")
        for n in range(200):
            got = rows(conn, "select current_setting('timezone'), current_setting('search_path'),"
                             " current_setting('application_name'), current_setting('work_mem')")[0]
            if got != (zone, path, app, f"{i + 1}MB"):
                failures.append((i, n, got))
                return
            if n % 20 == 0:
                rows(conn, "begin; set local timezone = 'Pacific/Auckland'; select 1; commit")
        if conn.get_parameter_status("TimeZone") != zone:
            failures.append((i, "parameter status", conn.get_parameter_status("TimeZone")))
        conn.reset()
        if one(conn, "show search_path") != "start":
            failures.append((i, "after reset", one(conn, "show search_path")))
        conn.close()
    except Exception as e:  # noqa: BLE001
        failures.append((i, repr(e)))


def settings():
    failures = []
    workers = [threading.Thread(target=settings_worker, args=(i, failures)) for i in range(len(ZONES))]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    check("settings of six clients, 200 times each", failures, [])


def session_objects():
    a, b = connect(autocommit=True), connect(autocommit=True)
    rows(a, "create temp table t as select 1 as i")
    refused("temp table of another", "42P01", lambda: rows(b, "select * from t"), state)
    for _ in range(20):
        check("temp table", one(a, "select count(*) from t"), 1)
        check("other client", one(b, "select 1"), 1)
    rows(a, "drop table t")
    rows(a, "discard all")
    key = hash(name("lock")) % 1000000
    check("lock", one(a, "select pg_try_advisory_lock(%s)", (key,)))
    check("locked", one(b, "select pg_try_advisory_lock(%s)", (key,)), False)
    check("unlock", one(a, "select pg_advisory_unlock(%s)", (key,)))
    check("free", one(b, "select pg_try_advisory_lock(%s)", (key,)))
    b.close()
    time.sleep(0.2)
    check("free once its owner left", one(a, "select pg_try_advisory_lock(%s)", (key,)))
    a.close()


def notifications():
    channel = name("chan")
    a, b = connect(autocommit=True), connect(autocommit=True)
    rows(a, f"listen {channel}")
    for i in range(5):
        rows(b, f"notify {channel}, '{i}'")
    got, until = [], time.monotonic() + 10
    while len(got) < 5 and time.monotonic() < until:
        if select.select([a], [], [], 1)[0]:
            a.poll()
            got += [n.payload for n in a.notifies]
            a.notifies.clear()
    check("notifications", got, ["0", "1", "2", "3", "4"])
    rows(a, "unlisten *")
    rows(b, "do $$ begin raise notice 'told'; end $$")
    check("notice", "told" in b.notices[-1])
    a.close()
    b.close()


def copying():
    t = name("copy")
    conn = connect()
    rows(conn, f"create table {t} (i int, t text)")
    cur = conn.cursor()
    cur.copy_from(io.StringIO("".join(f"{i}\trow {i}\n" for i in range(20000))), t)
    cur.copy_expert(f"copy {t} from stdin with csv", io.StringIO('99999,"a,b"\n'))
    out = io.StringIO()
    cur.copy_expert(f"copy (select * from {t} order by i) to stdout", out)
    check("copied out", len(out.getvalue().splitlines()), 20001)
    conn.commit()
    refused("bad row", "22P02", lambda: cur.copy_from(io.StringIO("x\ty\n"), t), state)
    conn.rollback()
    check("unchanged", one(conn, f"select count(*) from {t}"), 20001)
    rows(conn, f"drop table {t}")
    conn.commit()
    conn.close()


def large_objects():
    conn = connect()
    lob = conn.lobject(0, "wb")
    lob.write(b"some bytes" * 100000)
    oid = lob.oid
    lob.close()
    conn.commit()
    lob = conn.lobject(oid, "rb")
    lob.seek(999990)
    check("large object", lob.read(), b"some bytes")
    lob.unlink()
    conn.commit()
    conn.close()


def cursors():
    conn = connect()
    with conn.cursor("server_side") as cur:
        cur.itersize = 100
        cur.execute("select g from generate_series(1, 5000) g")
        check("named cursor", sum(r[0] for r in cur), 12502500)
    with conn.cursor("scroll", scrollable=True) as cur:
        cur.execute("select g from generate_series(1, 10) g")
        cur.scroll(5)
        check("scroll", cur.fetchone()[0], 6)
    conn.commit()
    conn.autocommit = True
    cur = conn.cursor("held", withhold=True)
    cur.execute("select g from generate_series(1, 10) g")
    check("held", cur.fetchmany(2), [(1,), (2,)])
    check("between", one(conn, "select 7"), 7)
    check("held on", len(cur.fetchall()), 8)
    cur.close()
    conn.close()


def values():
    conn = connect(autocommit=True)
    check("big value", one(conn, "select length(%s)", ("x" * 5_000_000,)), 5_000_000)
    check("big result", len(one(conn, "select repeat('y', 5000000)")), 5_000_000)
    check("many rows", len(rows(conn, "select g, md5(g::text) from generate_series(1, 50000) g")), 50000)
    check("types", rows(conn, "select 1, 2.5::float8, null, true, array[1,2], '{\"a\": 1}'::jsonb"),
          [(1, 2.5, None, True, [1, 2], {"a": 1})])
    check("bytes", bytes(one(conn, "select %s", (psycopg2.Binary(b"\x00\xff'\\"),))), b"\x00\xff'\\")
    t = name("many")
    rows(conn, f"create table {t} (i int, t text)")
    with conn.cursor() as cur:
        psycopg2.extras.execute_values(cur, f"insert into {t} values %s", [(i, f"t{i}") for i in range(5000)], page_size=500)
        psycopg2.extras.execute_batch(cur, f"update {t} set t = %s where i = %s", [("u", i) for i in range(200)])
    check("batches", rows(conn, f"select count(*), count(*) filter (where t = 'u') from {t}"), [(5000, 200)])
    rows(conn, f"drop table {t}")
    conn.close()


def sql_prepare():
    conn = connect(autocommit=True)
    other = connect(autocommit=True)
    rows(conn, "prepare p (int) as select $1 * 2")
    rows(other, "prepare p (int) as select $1 * 3")
    for i in range(30):
        check("EXECUTE", one(conn, "execute p (%s)", (i,)), i * 2)
        check("EXECUTE of another", one(other, "execute p (%s)", (i,)), i * 3)
    rows(conn, "deallocate p")
    refused("deallocated", "26000", lambda: one(conn, "execute p (1)"), state)
    check("the other's stays", one(other, "execute p (1)"), 3)
    rows(other, "deallocate all")
    conn.close()
    other.close()


def cancelling():
    conn = connect(autocommit=True)
    timer = threading.Timer(0.3, conn.cancel)
    timer.start()
    refused("cancelled", "57014", lambda: rows(conn, "select pg_sleep(20)"), state)
    timer.join()
    check("still there", one(conn, "select 1"), 1)
    conn.close()


for step in (literals, transactions, two_phase, settings, session_objects, notifications, copying, large_objects, cursors,
             values, sql_prepare, cancelling):
    step()
done()
