"""SQLAlchemy: an ORM with its own pool, over psycopg2 and over asyncpg."""

import asyncio
import threading

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from checks import DATABASE, HOST, PASSWORD, PORT, USER, ZONES, check, done, name

Model = orm.declarative_base()


class Author(Model):
    __tablename__ = name("author")
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.Text, nullable=False, unique=True)
    born = sa.Column(sa.Date)
    tags = sa.Column(sa.ARRAY(sa.Text))
    books = orm.relationship("Book", back_populates="author", cascade="all, delete-orphan")


class Book(Model):
    __tablename__ = name("book")
    id = sa.Column(sa.Integer, primary_key=True)
    title = sa.Column(sa.Text)
    author_id = sa.Column(sa.ForeignKey(Author.id))
    author = orm.relationship(Author, back_populates="books")


def url(driver):
    return sa.engine.URL.create("postgresql+" + driver, username=USER, password=PASSWORD, host=HOST, port=PORT, database=DATABASE)


def schema(engine):
    Model.metadata.drop_all(engine)
    Model.metadata.create_all(engine)
    inspector = sa.inspect(engine)
    check("reflected", sorted(c["name"] for c in inspector.get_columns(Book.__tablename__)), ["author_id", "id", "title"])
    check("foreign key", inspector.get_foreign_keys(Book.__tablename__)[0]["referred_table"], Author.__tablename__)
    check("unique", len(inspector.get_unique_constraints(Author.__tablename__)), 1)


def objects(engine):
    with orm.Session(engine) as session:
        for i in range(50):
            session.add(Author(name=f"author {i}", tags=[f"t{i}", "all"], books=[Book(title=f"book {i}.{n}") for n in range(4)]))
        session.commit()
        check("count", session.query(Book).count(), 200)
        first = session.query(Author).filter_by(name="author 7").one()
        check("relation", sorted(b.title for b in first.books), [f"book 7.{n}" for n in range(4)])
        check("array", first.tags, ["t7", "all"])
        first.books[0].title = "changed"
        session.rollback()
        check("rolled back", session.query(Book).filter_by(title="changed").count(), 0)
        session.add(Author(name="author 7"))
        try:
            session.flush()
            check("duplicate refused", False)
        except sa.exc.IntegrityError as e:
            check("duplicate", e.orig.pgcode, "23505")
            session.rollback()
        with session.begin_nested():
            session.add(Author(name="nested"))
        try:
            with session.begin_nested():
                session.add(Author(name="nested"))
                session.flush()
        except sa.exc.IntegrityError:
            pass
        session.commit()
        check("savepoints", session.query(Author).filter_by(name="nested").count(), 1)
        joined = session.query(Author).options(orm.joinedload(Author.books)).filter(Author.name.like("author 1%")).all()
        check("joined", sum(len(a.books) for a in joined), 44)
        streamed = session.execute(sa.select(Book.id).execution_options(stream_results=True, max_row_buffer=20))
        check("streamed", len(streamed.all()), 200)
        session.rollback()


def isolation(engine):
    for level in ("SERIALIZABLE", "REPEATABLE READ", "AUTOCOMMIT", "READ COMMITTED"):
        with engine.connect().execution_options(isolation_level=level) as conn:
            got = conn.execute(sa.text("show transaction_isolation")).scalar()
            check(level, got, "read committed" if level == "AUTOCOMMIT" else level.lower())
    with engine.connect() as conn:
        check("afterwards", conn.execute(sa.text("show transaction_isolation")).scalar(), "read committed")
    with engine.connect().execution_options(postgresql_readonly=True) as conn:
        check("read only", conn.execute(sa.text("show transaction_read_only")).scalar(), "on")


def settings(engine):
    failures = []

    def work(i):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(sa.text(f"set timezone = '{ZONES[i]}'"))
            for n in range(200):
                got = conn.execute(sa.text("show timezone")).scalar()
                if got != ZONES[i]:
                    failures.append((i, n, got))
                    return
            conn.execute(sa.text("discard all"))
    workers = [threading.Thread(target=work, args=(i,)) for i in range(len(ZONES))]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    check("settings of six clients, 200 times each", failures, [])


def concurrent(engine):
    results = []

    def work(i):
        for n in range(30):
            with engine.begin() as conn:
                results.append(conn.execute(sa.text("select :a + :b"), {"a": i, "b": n}).scalar())
    workers = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    check("sixteen threads", sorted(results), sorted(i + n for i in range(16) for n in range(30)))


async def asynchronous():
    engine = create_async_engine(url("asyncpg"), pool_size=10)

    async def work(i):
        async with AsyncSession(engine, expire_on_commit=False) as session:
            rows = await session.execute(sa.select(Author).options(orm.selectinload(Author.books)).filter_by(name=f"author {i}"))
            author = rows.scalar_one()
            author.tags = [f"async {i}"]
            await session.commit()
            return len(author.books)
    check("sessions", await asyncio.gather(*(work(i) for i in range(50))), [4] * 50)
    async with engine.connect() as conn:
        got = await conn.execute(sa.select(sa.func.count()).select_from(Author).where(Author.tags.any(sa.literal("async 9"))))
        check("seen", got.scalar(), 1)
        result = await conn.stream(sa.select(Book.id))
        check("streamed", len([r async for r in result]), 200)
    await engine.dispose()


sync = sa.create_engine(url("psycopg2"), pool_size=16)
schema(sync)
objects(sync)
isolation(sync)
settings(sync)
concurrent(sync)
asyncio.run(asynchronous())
Model.metadata.drop_all(sync)
sync.dispose()
done()
