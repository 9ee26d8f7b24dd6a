"""asyncpg: its own protocol code, named statements by the thousand, its own pool with RESET between users."""

import asyncio
import io

import asyncpg

from checks import DATABASE, HOST, PASSWORD, PORT, USER, ZONES, check, done, name


def connect(**more):
    return asyncpg.connect(host=HOST, port=PORT, database=DATABASE, user=USER, password=PASSWORD, **more)


async def refused(what, sqlstate, coroutine):
    try:
        await coroutine
    except asyncpg.PostgresError as e:
        check(f"{what}: SQLSTATE of {e!r}", e.sqlstate, sqlstate)
    else:
        check(f"{what} is refused", "no error", sqlstate)


async def prepared():
    a, b = await connect(), await connect(statement_cache_size=20)
    for i in range(200):
        for conn in (a, b):
            check("cached", await conn.fetchval("select $1::int + 1", i), i + 1)
            check("many texts", await conn.fetchval(f"select $1::text || '{i % 50}'", "x"), f"x{i % 50}")
    statement = await a.prepare("select $1::int as n, $2::text as t")
    check("described", [p.name for p in statement.get_parameters()], ["int4", "text"])
    check("attributes", [x.name for x in statement.get_attributes()], ["n", "t"])
    for i in range(50):
        check("prepared", tuple(await statement.fetchrow(i, "t")), (i, "t"))
    await a.executemany("select $1::int", [(i,) for i in range(200)])
    await a.close()
    await b.close()


async def transactions():
    t = name("tx")
    conn = await connect()
    await conn.execute(f"create table {t} (i int primary key)")
    try:
        async with conn.transaction():
            await conn.execute(f"insert into {t} values (1)")
            raise KeyError
    except KeyError:
        pass
    check("rolled back", await conn.fetchval(f"select count(*) from {t}"), 0)
    async with conn.transaction():
        await conn.execute(f"insert into {t} values ($1)", 1)
        try:
            async with conn.transaction():
                await conn.execute(f"insert into {t} values ($1)", 1)
        except asyncpg.UniqueViolationError:
            pass
        await conn.execute(f"insert into {t} values ($1)", 2)
    check("savepoint", await conn.fetchval(f"select count(*) from {t}"), 2)
    async with conn.transaction(isolation="serializable", readonly=True, deferrable=True):
        check("isolation", await conn.fetchval("show transaction_isolation"), "serializable")
        await refused("read only", "25006", conn.execute(f"insert into {t} values (9)"))
    for query, code in (("select 1/0", "22012"), ("selec", "42601"), ("select * from no_such_table", "42P01")):
        await refused(query, code, conn.fetch(query))
    tx = conn.transaction()
    await tx.start()
    await refused("in a transaction", "22012", conn.fetch("select 1/0"))
    await refused("failed transaction", "25P02", conn.fetch("select 1"))
    await tx.rollback()
    await conn.execute(f"alter table {t} add column c int")
    check("select * after a change", len(await conn.fetchrow(f"select * from {t}")), 2)
    await conn.execute(f"alter table {t} add column d int")
    check("and again", len(await conn.fetchrow(f"select * from {t}")), 3)
    await conn.execute(f"drop table {t}")
    await conn.close()


async def settings_worker(i):
    zone, path, app = ZONES[i], f"path_{i}, public", f"asyncpg {i}"
    conn = await connect(server_settings={"application_name": app, "work_mem": f"{i + 1}MB", "jit": "off"})
    await conn.execute(f"set timezone = '{zone}'")
    await conn.execute("select set_config('search_path', $1, false)", path)
    for n in range(200):
        got = tuple(await conn.fetchrow("select current_setting('timezone'), current_setting('search_path'),"
                                        " current_setting('application_name'), current_setting('work_mem')"))
        if got != (zone, path, app, f"{i + 1}MB"):
            return i, n, got
    if conn.get_settings().TimeZone != zone:
        return i, conn.get_settings().TimeZone
    await conn.reset()
    if await conn.fetchval("show timezone") == zone and zone != "UTC":
        return i, "reset left the time zone"
    await conn.close()


async def settings():
    results = await asyncio.gather(*(settings_worker(i) for i in range(len(ZONES))))
    check("settings of six clients, 200 times each", results, [None] * len(ZONES))


async def session_objects():
    a, b = await connect(), await connect()
    await a.execute("create temp table t (i int)")
    await a.copy_records_to_table("t", records=[(1,), (2,)])
    await refused("temp table of another", "42P01", b.fetch("select * from t"))
    for _ in range(20):
        check("temp table", await a.fetchval("select count(*) from t"), 2)
        check("other client", await b.fetchval("select 1"), 1)
    await a.execute("discard all")
    await a.reload_schema_state()
    key = hash(name("lock")) % 1000000
    check("lock", await a.fetchval("select pg_try_advisory_lock($1)", key))
    check("locked", await b.fetchval("select pg_try_advisory_lock($1)", key), False)
    check("unlock", await a.fetchval("select pg_advisory_unlock($1)", key))
    check("free", await b.fetchval("select pg_try_advisory_lock($1)", key))
    await b.close()
    await a.close()


async def notifications():
    channel, got, heard = name("chan"), [], asyncio.Event()
    a, b = await connect(), await connect()

    def listener(conn, pid, chan, payload):
        got.append(payload)
        if len(got) == 5:
            heard.set()

    await a.add_listener(channel, listener)
    for i in range(5):
        await b.execute("select pg_notify($1, $2)", channel, str(i))
    await asyncio.wait_for(heard.wait(), 10)
    check("notifications", got, ["0", "1", "2", "3", "4"])
    await a.remove_listener(channel, listener)
    await a.close()
    await b.close()


async def copying():
    t = name("copy")
    conn = await connect()
    await conn.execute(f"create table {t} (i int, t text)")
    tag = await conn.copy_records_to_table(t, records=[(i, f"row {i}") for i in range(20000)])
    check("copied in", tag, "COPY 20000")
    await conn.copy_to_table(t, source=io.BytesIO(b'99999,"a,b"\n'), format="csv")
    out = io.BytesIO()
    await conn.copy_from_query(f"select * from {t} where i > $1 order by i", 1, output=out)
    check("copied out", len(out.getvalue().splitlines()), 19999)
    await refused("bad row", "22P02", conn.copy_to_table(t, source=io.BytesIO(b"x\ty\n")))
    check("unchanged", await conn.fetchval(f"select count(*) from {t}"), 20001)
    await conn.execute(f"drop table {t}")
    await conn.close()


async def cursors():
    conn = await connect()
    async with conn.transaction():
        total = 0
        async for row in conn.cursor("select g from generate_series(1, $1) g", 5000, prefetch=100):
            total += row[0]
        check("cursor", total, 12502500)
        cur = await conn.cursor("select g from generate_series(1, 10) g")
        await cur.forward(5)
        check("forward", (await cur.fetchrow())[0], 6)
    await conn.close()


async def values():
    conn = await connect()
    check("big value", await conn.fetchval("select length($1)", "x" * 5_000_000), 5_000_000)
    check("big result", len(await conn.fetchval("select repeat('y', 5000000)")), 5_000_000)
    check("many rows", len(await conn.fetch("select g, md5(g::text) from generate_series(1, 50000) g")), 50000)
    row = await conn.fetchrow("select 1::int, 2.5::float8, 'x'::text, null, '\\x00ff'::bytea, true, array[1,2]")
    check("types", tuple(row), (1, 2.5, "x", None, b"\x00\xff", True, [1, 2]))
    check("arrays", await conn.fetchval("select sum(x)::int from unnest($1::int[]) x", [1, 2, 3]), 6)
    # an enum: asyncpg asks the catalogs for unknown types, with jit switched off around it
    kind = name("kind")
    await conn.execute(f"create type {kind} as enum ('a', 'b')")
    check("enum", await conn.fetchval(f"select $1::{kind}", "b"), "b")
    check("jit is as it was", await conn.fetchval("show jit") in ("on", "off"))
    await conn.execute(f"drop type {kind}")
    check("script", await conn.execute("select 1; select 2"), "SELECT 1")
    await conn.close()


async def cancelling():
    conn = await connect()
    try:
        await conn.fetchval("select pg_sleep(20)", timeout=0.3)
        check("cancelled", False)
    except asyncio.TimeoutError:
        check("cancelled", True)
    check("still there", await conn.fetchval("select 1"), 1)
    task = asyncio.ensure_future(conn.fetchval("select pg_sleep(20)"))
    await asyncio.sleep(0.2)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    check("still there after a cancelled task", await conn.fetchval("select 2"), 2)
    await conn.close()


async def pool():
    p = await asyncpg.create_pool(host=HOST, port=PORT, database=DATABASE, user=USER, password=PASSWORD,
                                  min_size=2, max_size=10)

    async def work(i):
        async with p.acquire() as conn:
            await conn.execute(f"set application_name = 'pool {i}'")
            async with conn.transaction():
                return await conn.fetchval("select current_setting('application_name') || $1", str(i))
    got = await asyncio.gather(*(work(i) for i in range(100)))
    check("pool", got, [f"pool {i}{i}" for i in range(100)])
    await p.close()


async def main():
    for step in (prepared, transactions, settings, session_objects, notifications, copying, cursors, values, cancelling, pool):
        await step()


asyncio.run(main())
done()
