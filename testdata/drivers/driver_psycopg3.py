"""psycopg 3: automatic preparation, pipelines, COPY, notifications, asyncio."""

import asyncio
import threading
import time

import psycopg
from psycopg import sql

from checks import DATABASE, HOST, PASSWORD, PORT, USER, ZONES, check, done, name, refused


def connect(**more):
    return psycopg.connect(host=HOST, port=PORT, dbname=DATABASE, user=USER, password=PASSWORD, **more)


def state(e):
    return e.sqlstate


def one(conn, query, args=None, **more):
    return conn.execute(query, args, **more).fetchone()[0]


def prepared():
    with connect(autocommit=True, prepare_threshold=0) as a, connect(autocommit=True, prepare_threshold=2) as b:
        for i in range(300):
            for conn in (a, b):
                check("prepared", one(conn, "select %s::int + 1", (i,)), i + 1)
                check("prepared text", one(conn, f"select %s::text || '{i % 120}'", ("x",)), f"x{i % 120}")
    with connect(autocommit=True, prepare_threshold=0) as conn:
        t = name("plan")
        conn.execute(f"create table {t} (i int)")
        check("before the change", len(conn.execute(f"select * from {t}").description), 1)
        conn.execute(f"drop table {t}")


def transactions():
    t = name("tx")
    with connect() as conn:
        conn.execute(f"create table {t} (i int primary key)")
        conn.commit()
        conn.execute(f"insert into {t} values (1)")
        conn.rollback()
        check("rolled back", one(conn, f"select count(*) from {t}"), 0)
        conn.rollback()
        with conn.transaction():
            conn.execute(f"insert into {t} values (1)")
            try:
                with conn.transaction():
                    conn.execute(f"insert into {t} values (1)")
            except psycopg.errors.UniqueViolation:
                pass
            conn.execute(f"insert into {t} values (2)")
        check("savepoint", one(conn, f"select count(*) from {t}"), 2)
        conn.rollback()
        refused("duplicate", "23505", lambda: conn.execute(f"insert into {t} values (1)"), state)
        refused("failed transaction", "25P02", lambda: conn.execute("select 1"), state)
        check("status", conn.info.transaction_status, psycopg.pq.TransactionStatus.INERROR)
        conn.rollback()
        refused("division", "22012", lambda: conn.execute("select 1/0"), state)
        conn.rollback()
        refused("syntax", "42601", lambda: conn.execute("selec"), state)
        conn.rollback()
        refused("no table", "42P01", lambda: conn.execute("select * from no_such_table"), state)
        conn.rollback()
        conn.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        conn.read_only = True
        check("isolation", one(conn, "show transaction_isolation"), "serializable")
        refused("read only", "25006", lambda: conn.execute(f"insert into {t} values (9)"), state)
        conn.rollback()
        conn.read_only = None
        conn.isolation_level = None
        check("isolation again", one(conn, "show transaction_isolation"), "read committed")
        conn.execute(f"drop table {t}")


def settings_worker(i, failures):
    zone, path, app = ZONES[i], f"path_{i}, public", f"psycopg3 {i}"
    try:
        with connect(autocommit=True, application_name=app, options=f"-c work_mem={i + 1}MB") as conn:
            conn.execute(f"set timezone = '{zone}'")
            conn.execute("select set_config('search_path', %s, false)", (path,))
            for n in range(200):
                got = conn.execute("select current_setting('timezone'), current_setting('search_path'),"
                                   " current_setting('application_name'), current_setting('work_mem')").fetchone()
                if got != (zone, path, app, f"{i + 1}MB"):
                    failures.append((i, n, got))
                    return
                if n % 20 == 0:
                    with conn.transaction():
                        conn.execute("set local timezone = 'Pacific/Auckland'")
                        conn.execute("select 1")
            if conn.info.parameter_status("TimeZone") != zone:
                failures.append((i, "parameter status", conn.info.parameter_status("TimeZone")))
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
    with connect(autocommit=True) as a, connect(autocommit=True) as b:
        a.execute("create temp table t (i int)")
        a.execute("insert into t values (1), (2)")
        refused("temp table of another", "42P01", lambda: b.execute("select * from t"), state)
        for _ in range(20):
            check("temp table", one(a, "select count(*) from t"), 2)
            check("other client", one(b, "select 1"), 1)
        a.execute("discard all")
        key = hash(name("lock")) % 1000000
        check("lock", one(a, "select pg_try_advisory_lock(%s)", (key,)))
        check("locked", one(b, "select pg_try_advisory_lock(%s)", (key,)), False)
        check("unlock", one(a, "select pg_advisory_unlock(%s)", (key,)))
        check("free", one(b, "select pg_try_advisory_lock(%s)", (key,)))
        b.execute("select pg_advisory_unlock_all()")


def notifications():
    channel = name("chan")
    with connect(autocommit=True) as a, connect(autocommit=True) as b:
        a.execute(f"listen {channel}")
        for i in range(5):
            b.execute("select pg_notify(%s, %s)", (channel, str(i)))
        got = []
        for n in a.notifies():
            got.append(n.payload)
            if len(got) == 5:
                break
        check("notifications", got, ["0", "1", "2", "3", "4"])
        a.execute(f"unlisten {channel}")


def copying():
    t = name("copy")
    with connect() as conn:
        conn.execute(f"create table {t} (i int, t text, b bytea)")
        with conn.cursor().copy(f"copy {t} from stdin") as copy:
            for i in range(10000):
                copy.write_row((i, f"row {i}\twith\\odd\nthings", b"\x00\xff"))
        conn.commit()
        check("copied in", one(conn, f"select count(*) from {t}"), 10000)
        rows = 0
        with conn.cursor().copy(f"copy {t} to stdout") as copy:
            for row in copy.rows():
                rows += 1
        check("copied out", rows, 10000)
        with conn.cursor().copy(f"copy (select i, t from {t} order by i limit 3) to stdout (format binary)") as copy:
            copy.set_types(["int4", "text"])
            check("binary copy", next(copy.rows())[0], 0)
            for _ in copy:
                pass
        conn.commit()

        def bad():
            with conn.cursor().copy(f"copy {t} from stdin") as copy:
                copy.write("not a number\tx\ty\n")
        refused("bad row", "22P02", bad, state)
        conn.rollback()

        def gives_up():
            with conn.cursor().copy(f"copy {t} from stdin") as copy:
                copy.write("1\tx\ty\n")
                raise RuntimeError("changed my mind")
        refused("copy given up", "57014", gives_up, state)
        conn.rollback()
        check("after giving up", one(conn, f"select count(*) from {t}"), 10000)
        conn.execute(f"drop table {t}")


def cursors():
    with connect() as conn:
        with conn.cursor("server_side") as cur:
            cur.itersize = 100
            cur.execute("select g from generate_series(1, 5000) g")
            check("server side cursor", sum(r[0] for r in cur), 12502500)
        with conn.cursor("scroll", scrollable=True) as cur:
            cur.execute("select g from generate_series(1, 10) g")
            cur.scroll(5)
            check("scroll", cur.fetchone()[0], 6)
        conn.commit()
        with connect(autocommit=True) as other:
            cur = other.cursor("held", withhold=True)
            cur.execute("select g from generate_series(1, 10) g")
            check("held", [r[0] for r in cur.fetchmany(3)], [1, 2, 3])
            check("between", one(other, "select 7"), 7)
            check("held on", [r[0] for r in cur.fetchall()], [4, 5, 6, 7, 8, 9, 10])
            cur.close()


def values():
    with connect(autocommit=True) as conn:
        big = "x" * 5_000_000
        check("big value", one(conn, "select %s::text", (big,)) == big)
        check("big result", len(one(conn, "select repeat('y', 5000000)")), 5_000_000)
        check("many rows", len(conn.execute("select g, md5(g::text) from generate_series(1, 50000) g").fetchall()), 50000)
        row = conn.execute("select 1::int, 2.5::float8, 'x'::text, null, '\\x00ff'::bytea, true, array[1,2], '2020-01-02'::date,"
                           " '{\"a\": 1}'::jsonb, 1.50::numeric", binary=True).fetchone()
        check("binary", row[:7], (1, 2.5, "x", None, b"\x00\xff", True, [1, 2]))
        check("jsonb", row[8], {"a": 1})
        check("list", one(conn, "select sum(x)::int from unnest(%s::int[]) x", ([1, 2, 3],)), 6)
        check("composed", one(conn, sql.SQL("select {}").format(sql.Literal("it's"))), "it's")
        check("several statements", conn.execute("select 1; select 2").fetchone()[0], 1)


def pipelines():
    t = name("pipe")
    with connect(autocommit=True) as conn:
        conn.execute(f"create table {t} (i int primary key)")
        with conn.pipeline():
            cursors = [conn.execute("select %s::int", (i,)) for i in range(500)]
        check("pipeline", [c.fetchone()[0] for c in cursors], list(range(500)))
        with conn.pipeline(), conn.transaction():
            for i in range(100):
                conn.execute(f"insert into {t} values (%s)", (i,))
        check("pipelined transaction", one(conn, f"select count(*) from {t}"), 100)

        def fails():
            with conn.pipeline():
                conn.execute(f"insert into {t} values (%s)", (1000,))
                conn.execute(f"insert into {t} values (%s)", (1,))
                conn.execute(f"insert into {t} values (%s)", (1001,))
        refused("error in a pipeline", "23505", fails, state)
        check("undone with it", one(conn, f"select count(*) from {t}"), 100)
        conn.cursor().executemany(f"insert into {t} values (%s)", [(i,) for i in range(2000, 2300)])
        check("executemany", one(conn, f"select count(*) from {t}"), 400)
        conn.execute(f"drop table {t}")


def cancelling():
    with connect(autocommit=True) as conn:
        timer = threading.Timer(0.3, conn.cancel)
        timer.start()
        begun = time.monotonic()
        refused("cancelled", "57014", lambda: conn.execute("select pg_sleep(20)"), state)
        check("soon", time.monotonic() - begun < 10)
        timer.join()
        check("still there", one(conn, "select 1"), 1)
        conn.execute("set statement_timeout = '100ms'")
        refused("timeout", "57014", lambda: conn.execute("select pg_sleep(20)"), state)
        conn.execute("reset statement_timeout")


async def asynchronous():
    async def work(i):
        conn = await psycopg.AsyncConnection.connect(host=HOST, port=PORT, dbname=DATABASE, user=USER,
                                                     password=PASSWORD, autocommit=True)
        async with conn:
            total = 0
            for n in range(50):
                cur = await conn.execute("select %s::int * %s", (i, n))
                total += (await cur.fetchone())[0]
            return total
    totals = await asyncio.gather(*(work(i) for i in range(12)))
    check("twelve at once", totals, [i * 1225 for i in range(12)])


for step in (prepared, transactions, settings, session_objects, notifications, copying, cursors, values, pipelines, cancelling):
    step()
asyncio.run(asynchronous())
done()
