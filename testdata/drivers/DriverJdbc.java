// pgjdbc: server-side prepared statements after five uses, batches, fetch size, COPY, large objects, cancel.

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.*;
import java.util.concurrent.*;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

public class DriverJdbc {
    static final String[] ZONES = {"UTC", "Asia/Tokyo", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Perth"};
    static final String RUN = "drv_jdbc_" + ProcessHandle.current().pid() + "_";
    static int count = 0;

    static synchronized void check(String what, Object got, Object want) {
        if (!Objects.equals(got, want)) {
            System.out.println("FAILED " + what + ": got " + got + ", want " + want);
            System.exit(1);
        }
        count++;
    }

    interface Step {
        void run() throws Exception;
    }

    static void refused(String what, String state, Step step) throws Exception {
        try {
            step.run();
        } catch (SQLException e) {
            check(what + ": SQLSTATE of " + e.getMessage(), e.getSQLState(), state);
            return;
        }
        check(what + " is refused", "no error", state);
    }

    static Connection connect(String... more) throws SQLException {
        Properties p = new Properties();
        p.setProperty("user", System.getenv("PGUSER"));
        p.setProperty("password", System.getenv("PGPASSWORD"));
        p.setProperty("sslmode", "disable");
        for (int i = 0; i < more.length; i += 2) p.setProperty(more[i], more[i + 1]);
        return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
            + System.getenv("PGDATABASE"), p);
    }

    static void execute(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(sql);
        }
    }

    static String one(Connection c, String sql, Object... args) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) s.setObject(i + 1, args[i]);
            try (ResultSet r = s.executeQuery()) {
                r.next();
                return r.getString(1);
            }
        }
    }

    static void prepared() throws Exception {
        for (String mode : new String[] {"extended", "extendedForPrepared", "extendedCacheEverything", "simple"}) {
            try (Connection a = connect("preferQueryMode", mode, "prepareThreshold", "2");
                 Connection b = connect("preferQueryMode", mode, "prepareThreshold", "1", "preparedStatementCacheQueries", "10")) {
                for (int i = 0; i < 150; i++) {
                    check(mode, one(a, "select ?::int + 1", i), "" + (i + 1));
                    check(mode, one(b, "select ?::int + " + (i % 30), i), "" + (i + i % 30));
                }
                try (PreparedStatement s = a.prepareStatement("select ?::int8, ?::text, ?::bool")) {
                    for (int i = 0; i < 50; i++) {
                        s.setLong(1, i);
                        s.setString(2, "it's " + i);
                        s.setBoolean(3, i % 2 == 0);
                        try (ResultSet r = s.executeQuery()) {
                            r.next();
                            check(mode + " long", r.getLong(1), (long) i);
                            check(mode + " text", r.getString(2), "it's " + i);
                            check(mode + " bool", r.getBoolean(3), i % 2 == 0);
                        }
                    }
                }
            }
        }
    }

    static void transactions() throws Exception {
        String t = RUN + "tx";
        try (Connection c = connect()) {
            execute(c, "create table " + t + " (i int primary key)");
            c.setAutoCommit(false);
            execute(c, "insert into " + t + " values (1)");
            c.rollback();
            check("rolled back", one(c, "select count(*) from " + t), "0");
            execute(c, "insert into " + t + " values (1)");
            Savepoint s = c.setSavepoint();
            refused("duplicate", "23505", () -> execute(c, "insert into " + t + " values (1)"));
            refused("failed transaction", "25P02", () -> execute(c, "select 1"));
            c.rollback(s);
            execute(c, "insert into " + t + " values (2)");
            c.commit();
            check("savepoint", one(c, "select count(*) from " + t), "2");
            c.commit();
            c.setAutoCommit(true);
            for (int level : new int[] {Connection.TRANSACTION_SERIALIZABLE, Connection.TRANSACTION_READ_COMMITTED}) {
                c.setTransactionIsolation(level);
                check("isolation", c.getTransactionIsolation(), level);
            }
            c.setReadOnly(true);
            c.setAutoCommit(false);
            refused("read only", "25006", () -> execute(c, "insert into " + t + " values (9)"));
            c.rollback();
            c.setReadOnly(false);
            c.setAutoCommit(true);
            refused("division", "22012", () -> one(c, "select 1/0"));
            refused("syntax", "42601", () -> execute(c, "selec"));
            refused("no table", "42P01", () -> execute(c, "select * from no_such_table"));
            try (Connection s2 = connect("autosave", "always")) {
                s2.setAutoCommit(false);
                execute(s2, "insert into " + t + " values (5)");
                refused("autosave", "23505", () -> execute(s2, "insert into " + t + " values (5)"));
                check("goes on", one(s2, "select count(*) from " + t), "3");
                s2.rollback();
            }
            try (PreparedStatement p = c.prepareStatement("select * from " + t)) {
                for (int i = 0; i < 10; i++) p.executeQuery().close();
                execute(c, "alter table " + t + " add column c int");
                try (ResultSet r = p.executeQuery()) {
                    check("select * after a change", r.getMetaData().getColumnCount(), 2);
                }
            }
            execute(c, "drop table " + t);
        }
    }

    static Object settingsOf(int i) throws Exception {
        try (Connection c = connect("ApplicationName", "jdbc " + i, "currentSchema", "path_" + i + ",public", "options", "-c work_mem=" + (i + 1) + "MB")) {
            execute(c, "set timezone = '" + ZONES[i] + "'");
            String want = ZONES[i] + "|path_" + i + ",public|jdbc " + i + "|" + (i + 1) + "MB";
            for (int n = 0; n < 200; n++) {
                String got = one(c, "select current_setting('timezone') || '|' || current_setting('search_path') || '|' || "
                    + "current_setting('application_name') || '|' || current_setting('work_mem')");
                if (!got.equals(want)) return n + ": " + got + ", want " + want;
                if (n == 100) {
                    c.setClientInfo("ApplicationName", "renamed " + i);
                    want = want.replace("jdbc ", "renamed ");
                }
            }
            return null;
        }
    }

    static void settings() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(ZONES.length);
        List<Future<Object>> all = new ArrayList<>();
        for (int i = 0; i < ZONES.length; i++) {
            int n = i;
            all.add(pool.submit(() -> settingsOf(n)));
        }
        for (Future<Object> f : all) check("settings of six clients, 200 times each", f.get(), null);
        pool.shutdown();
    }

    static void sessionObjects() throws Exception {
        try (Connection a = connect(); Connection b = connect()) {
            execute(a, "create temp table t as select 1 as i");
            refused("temp table of another", "42P01", () -> one(b, "select * from t"));
            for (int i = 0; i < 20; i++) {
                check("temp table", one(a, "select count(*) from t"), "1");
                check("other client", one(b, "select 1"), "1");
            }
            execute(a, "discard all");
            check("after DISCARD ALL", one(a, "select 2"), "2");
            long key = RUN.hashCode() & 0xfffff;
            check("lock", one(a, "select pg_try_advisory_lock(?)", key), "t");
            check("locked", one(b, "select pg_try_advisory_lock(?)", key), "f");
            check("unlock", one(a, "select pg_advisory_unlock(?)", key), "t");
        }
        try (Connection a = connect(); Connection b = connect()) {
            String channel = RUN + "chan";
            execute(a, "listen " + channel);
            for (int i = 0; i < 5; i++) execute(b, "notify " + channel + ", '" + i + "'");
            StringBuilder got = new StringBuilder();
            for (int tries = 0; got.length() < 5 && tries < 20; tries++) {
                PGNotification[] heard = a.unwrap(PGConnection.class).getNotifications(500);
                if (heard != null) for (PGNotification n : heard) got.append(n.getParameter());
            }
            check("notifications", got.toString(), "01234");
            execute(a, "unlisten *");
        }
    }

    static void batches() throws Exception {
        String t = RUN + "batch";
        for (String rewrite : new String[] {"false", "true"}) {
            try (Connection c = connect("reWriteBatchedInserts", rewrite)) {
                execute(c, "create table " + t + " (i serial primary key, v int, t text)");
                try (PreparedStatement s = c.prepareStatement("insert into " + t + " (v, t) values (?, ?)")) {
                    for (int i = 0; i < 3000; i++) {
                        s.setInt(1, i);
                        s.setString(2, "row " + i);
                        s.addBatch();
                    }
                    check("batch", s.executeBatch().length, 3000);
                }
                try (PreparedStatement s = c.prepareStatement("insert into " + t + " (v) values (?)", Statement.RETURN_GENERATED_KEYS)) {
                    s.setInt(1, 7);
                    s.executeUpdate();
                    try (ResultSet r = s.getGeneratedKeys()) {
                        r.next();
                        check("generated key", r.getInt("i"), 3001);
                    }
                }
                try (Statement s = c.createStatement()) {
                    s.addBatch("insert into " + t + " (v) values (1)");
                    s.addBatch("insert into " + t + " (i) values (1)");
                    refused("batch with a duplicate", "23505", s::executeBatch);
                }
                check("undone as a whole", one(c, "select count(*) from " + t), "3001");
                try (Statement s = c.createStatement()) {
                    check("two results", s.execute("select 1; select 2"), true);
                    check("more", s.getMoreResults(), true);
                }
                execute(c, "drop table " + t);
            }
        }
    }

    static void fetching() throws Exception {
        try (Connection c = connect()) {
            c.setAutoCommit(false);
            try (Statement s = c.createStatement()) {
                s.setFetchSize(100);
                long sum = 0;
                try (ResultSet r = s.executeQuery("select g from generate_series(1, 5000) g")) {
                    while (r.next()) sum += r.getInt(1);
                }
                check("fetch size", sum, 12502500L);
                try (ResultSet r = s.executeQuery("select g from generate_series(1, 5000) g"); Statement s2 = c.createStatement()) {
                    for (int i = 0; i < 150; i++) r.next();
                    check("between", s2.executeQuery("select 7").next(), true);
                    r.next();
                    check("portal goes on", r.getInt(1), 151);
                }
                s.setMaxRows(10);
                int n = 0;
                try (ResultSet r = s.executeQuery("select g from generate_series(1, 5000) g")) {
                    while (r.next()) n++;
                }
                check("max rows", n, 10);
            }
            c.commit();
            c.setAutoCommit(true);
            check("big value", one(c, "select length(?)", "x".repeat(5_000_000)), "5000000");
            check("big result", one(c, "select repeat('y', 5000000)").length(), 5_000_000);
            try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("select g, md5(g::text) from generate_series(1, 50000) g")) {
                int n = 0;
                while (r.next()) n++;
                check("many rows", n, 50000);
            }
        }
    }

    static void copyAndObjects() throws Exception {
        String t = RUN + "copy";
        try (Connection c = connect()) {
            execute(c, "create table " + t + " (i int, t text)");
            CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
            StringBuilder in = new StringBuilder();
            for (int i = 0; i < 20000; i++) in.append(i).append("\trow ").append(i).append('\n');
            check("copied in", copy.copyIn("copy " + t + " from stdin", new StringReader(in.toString())), 20000L);
            StringWriter out = new StringWriter();
            check("copied out", copy.copyOut("copy " + t + " to stdout", out), 20000L);
            check("the same", out.toString().length(), in.length());
            refused("bad row", "22P02", () -> copy.copyIn("copy " + t + " from stdin", new StringReader("x\ty\n")));
            check("unchanged", one(c, "select count(*) from " + t), "20000");
            execute(c, "drop table " + t);

            c.setAutoCommit(false);
            LargeObjectManager lobs = c.unwrap(PGConnection.class).getLargeObjectAPI();
            long oid = lobs.createLO();
            try (LargeObject lob = lobs.open(oid, LargeObjectManager.READWRITE)) {
                lob.write("some bytes".repeat(10000).getBytes());
                lob.seek(99990);
                check("large object", new String(lob.read(10)), "some bytes");
            }
            lobs.delete(oid);
            c.commit();
        }
    }

    static void cancelling() throws Exception {
        try (Connection c = connect()) {
            try (Statement s = c.createStatement()) {
                s.setQueryTimeout(1);
                refused("query timeout", "57014", () -> s.executeQuery("select pg_sleep(20)"));
            }
            try (Statement s = c.createStatement()) {
                Thread canceller = new Thread(() -> {
                    try {
                        Thread.sleep(300);
                        s.cancel();
                    } catch (Exception e) {
                        throw new RuntimeException(e);
                    }
                });
                canceller.start();
                refused("cancelled", "57014", () -> s.executeQuery("select pg_sleep(20)"));
                canceller.join();
            }
            check("still there", one(c, "select 1"), "1");
            check("valid", c.isValid(5), true);
            DatabaseMetaData m = c.getMetaData();
            try (ResultSet r = m.getTables(null, "pg_catalog", "pg_class", null)) {
                check("metadata", r.next(), true);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        prepared();
        transactions();
        settings();
        sessionObjects();
        batches();
        fetching();
        copyAndObjects();
        cancelling();
        System.out.println("ok " + count + " checks");
    }
}
