"""Reads every view of the console with psycopg2 or psycopg 3, with their
defaults: both open a transaction first, psycopg 3 uses the extended protocol.
Arguments: module, connection string, views."""
import importlib
import sys

module, dsn, views = sys.argv[1], sys.argv[2], sys.argv[3].split()
driver = importlib.import_module(module)

conn = driver.connect(dsn)
cur = conn.cursor()
for view in views:
    cur.execute("SHOW " + view)
    cur.fetchall()
cur.execute("SHOW STATS WHERE database = 'shop'")
row = dict(zip([d[0] for d in cur.description], cur.fetchone()))
assert row["total_sent"] == 9000000000, row
assert row["avg_xact_time"] == 300, row
conn.commit()
try:
    cur.execute("BOGUS")
    assert False, "no error"
except driver.Error as e:
    state = e.pgcode if module == "psycopg2" else e.sqlstate
    assert state == "42601", state
conn.rollback()

conn.autocommit = True
cur.execute("RECONNECT shop")
if module == "psycopg":
    with conn.cursor(binary=True) as b:
        b.execute("SHOW DATABASES")
        assert [r[5] for r in b.fetchall()] == [2, 20]
        b.execute("SHOW TOTALS")
        assert dict(b.fetchall())["total_server_bytes"] == 9000000000
conn.close()
print("ok")
