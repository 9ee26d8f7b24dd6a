"""Reads the console with asyncpg, which asks for binary results only and
resets a connection with a string of statements. Argument: the port."""
import asyncio
import sys

import asyncpg


async def main():
    conn = await asyncpg.connect(host="127.0.0.1", port=int(sys.argv[1]), user="viewer", database="wye", ssl=False)
    assert [r["pool_size"] for r in await conn.fetch("SHOW DATABASES")] == [2, 20]
    totals = dict(await conn.fetch("SHOW TOTALS"))
    assert totals["total_server_bytes"] == 9000000000, totals
    assert totals["avg_query_time"] == 100, totals
    await conn.reset()
    await conn.close()
    print("ok")


asyncio.run(main())
