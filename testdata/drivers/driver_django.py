"""Django's ORM: migrations' DDL, atomic blocks, server-side cursors, one connection per thread."""

import threading
from datetime import datetime, timezone

import django
from django.apps import AppConfig
from django.conf import settings

from checks import DATABASE, HOST, PASSWORD, PORT, USER, check, done, name



class Wire(AppConfig):
    """Makes this script an application, so that its models know each other."""

    name, label, path = "__main__", "wire", "."


settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "HOST": HOST, "PORT": PORT, "NAME": DATABASE, "USER": USER,
        "PASSWORD": PASSWORD, "CONN_MAX_AGE": None, "OPTIONS": {"application_name": "django", "options": "-c work_mem=3MB"}}},
    USE_TZ=True, TIME_ZONE="Europe/Paris", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", INSTALLED_APPS=["__main__.Wire"])
django.setup()

from django.db import IntegrityError, connection, models, transaction  # noqa: E402


class Person(models.Model):
    name = models.CharField(max_length=100, unique=True)
    seen = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)

    class Meta:
        app_label = "wire"
        db_table = name("person")


class Note(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField()

    class Meta:
        app_label = "wire"
        db_table = name("note")


def show(setting):
    with connection.cursor() as cur:
        cur.execute(f"show {setting}")
        return cur.fetchone()[0]


def schema():
    with connection.schema_editor() as editor:
        editor.create_model(Person)
        editor.create_model(Note)
    check("options", show("work_mem"), "3MB")
    check("name", show("application_name"), "django")
    check("zone", show("timezone"), "UTC")


def rows():
    moment = datetime(2020, 5, 17, 12, 30, tzinfo=timezone.utc)
    people = Person.objects.bulk_create([Person(name=f"p{i}", seen=moment, facts={"n": i}) for i in range(500)], batch_size=100)
    check("created", len({p.pk for p in people}), 500)
    Note.objects.bulk_create([Note(person=p, text=f"note {n}") for p in people[:50] for n in range(3)])
    check("time", Person.objects.get(name="p3").seen, moment)
    check("json", Person.objects.filter(facts__n=42).get().name, "p42")
    check("join", Note.objects.filter(person__name="p7").count(), 3)
    check("prefetch", sum(len(p.notes.all()) for p in Person.objects.prefetch_related("notes")), 150)
    check("aggregate", Person.objects.aggregate(n=models.Count("notes"))["n"], 150)
    check("update", Person.objects.filter(name__startswith="p1").update(facts={}), 111)
    check("get_or_create", Person.objects.get_or_create(name="p0")[1], False)
    check("iterator", sum(1 for _ in Person.objects.iterator(chunk_size=50)), 500)
    with transaction.atomic():
        check("for update", Person.objects.select_for_update().get(name="p9").name, "p9")
        check("iterator in a transaction", sum(1 for _ in Note.objects.iterator(chunk_size=20)), 150)


def transactions():
    try:
        with transaction.atomic():
            Person.objects.create(name="undone")
            raise KeyError
    except KeyError:
        pass
    check("rolled back", Person.objects.filter(name="undone").exists(), False)
    with transaction.atomic():
        Person.objects.create(name="kept")
        try:
            with transaction.atomic():
                Person.objects.create(name="kept")
        except IntegrityError as e:
            check("duplicate", e.__cause__.pgcode, "23505")
        Person.objects.create(name="kept too")
    check("savepoint", Person.objects.filter(name__startswith="kept").count(), 2)
    done_after = []
    with transaction.atomic():
        transaction.on_commit(lambda: done_after.append(1))
    check("on commit", done_after, [1])


def threads():
    failures = []

    def work(i):
        try:
            with connection.cursor() as cur:
                cur.execute("set search_path = %s, public", [f"path_{i}"])
            for n in range(60):
                if show("search_path") != f"path_{i}, public":
                    failures.append((i, n, show("search_path")))
                    return
                with transaction.atomic():
                    Person.objects.filter(name=f"p{i}").update(facts={"n": n})
            connection.close()
        except Exception as e:  # noqa: BLE001
            failures.append((i, repr(e)))
    workers = [threading.Thread(target=work, args=(i,)) for i in range(10)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    check("ten threads", failures, [])
    check("all written", Person.objects.filter(facts__n=59).count() >= 10)


def introspection():
    with connection.cursor() as cur:
        columns = [c.name for c in connection.introspection.get_table_description(cur, Person._meta.db_table)]
        check("columns", columns, ["id", "name", "seen", "facts"])
        check("constraints", len(connection.introspection.get_constraints(cur, Note._meta.db_table)) >= 2)


schema()
rows()
transactions()
threads()
introspection()
with connection.schema_editor() as editor:
    editor.delete_model(Note)
    editor.delete_model(Person)
done()
