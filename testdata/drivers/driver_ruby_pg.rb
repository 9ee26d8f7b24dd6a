# ruby-pg: exec, exec_params, named statements, single-row mode, pipeline, COPY, notifications, large objects.
require "pg"

ZONES = %w[UTC Asia/Tokyo Europe/Paris America/New_York Asia/Kolkata Australia/Perth].freeze
RUN = "drv_ruby_#{Process.pid}_".freeze
$count = 0
LOCK = Mutex.new

def check(what, got, want = true)
  if got != want
    puts "FAILED #{what}: got #{got.inspect}, want #{want.inspect}"
    exit!(1)
  end
  LOCK.synchronize { $count += 1 }
end

def refused(what, state)
  yield
rescue PG::Error => e
  check("#{what}: SQLSTATE of #{e.message}", e.result&.error_field(PG::PG_DIAG_SQLSTATE), state)
else
  check("#{what} is refused", "no error", state)
end

def connect(**more)
  PG.connect(host: ENV["PGHOST"], port: ENV["PGPORT"], dbname: ENV["PGDATABASE"], user: ENV["PGUSER"], password: ENV["PGPASSWORD"], **more)
end

def one(conn, sql, args = [])
  conn.exec_params(sql, args).getvalue(0, 0)
end

def prepared
  a, b = connect, connect
  a.prepare("s", "select $1::int + 1")
  b.prepare("s", "select $1::int + 2")
  300.times do |i|
    check("prepared", a.exec_prepared("s", [i]).getvalue(0, 0), (i + 1).to_s)
    check("same name, other client", b.exec_prepared("s", [i]).getvalue(0, 0), (i + 2).to_s)
    check("unnamed", one(a, "select $1::text", ["it's #{i}"]), "it's #{i}")
  end
  a.exec("deallocate s") # what Rails does
  refused("deallocated", "26000") { a.exec_prepared("s", [1]) }
  check("the other's stays", b.exec_prepared("s", [1]).getvalue(0, 0), "3")
  refused("prepared twice", "42P05") { b.prepare("s", "select 1") }
  check("described", b.describe_prepared("s").nparams, 1)
  binary = a.exec_params("select $1::int4, '\\x00ff'::bytea", [{ value: [7].pack("N"), format: 1 }], 1)
  check("binary", [binary.getvalue(0, 0), binary.getvalue(0, 1)], [[7].pack("N"), "\x00\xFF".b])
  a.close
  b.close
end

def transactions
  t = RUN + "tx"
  conn = connect
  conn.exec("create table #{t} (i int primary key)")
  begin
    conn.transaction { |c| c.exec("insert into #{t} values (1)"); raise "out" }
  rescue RuntimeError
    check("rolled back", one(conn, "select count(*) from #{t}"), "0")
  end
  conn.transaction do |c|
    c.exec("insert into #{t} values (1)")
    c.exec("savepoint s")
    refused("duplicate", "23505") { c.exec("insert into #{t} values (1)") }
    check("status", c.transaction_status, PG::PQTRANS_INERROR)
    refused("failed", "25P02") { c.exec("select 1") }
    c.exec("rollback to s")
  end
  check("savepoint", one(conn, "select count(*) from #{t}"), "1")
  refused("division", "22012") { conn.exec("select 1/0") }
  refused("syntax", "42601") { conn.exec("selec") }
  conn.exec("begin isolation level serializable read only")
  check("isolation", one(conn, "show transaction_isolation"), "serializable")
  refused("read only", "25006") { conn.exec("insert into #{t} values (9)") }
  conn.exec("rollback")
  conn.exec("drop table #{t}")
  conn.close
end

def settings
  threads = ZONES.each_with_index.map do |zone, i|
    Thread.new do
      conn = connect(application_name: "ruby #{i}", options: "-c work_mem=#{i + 1}MB")
      conn.exec("set timezone = '#{zone}'; set search_path = path_#{i}, public")
      want = [zone, "path_#{i}, public", "ruby #{i}", "#{i + 1}MB"]
      bad = nil
      200.times do |n|
        got = conn.exec("select current_setting('timezone'), current_setting('search_path'), current_setting('application_name'), current_setting('work_mem')").values[0]
        bad ||= [n, got] if got != want
      end
      bad ||= conn.parameter_status("TimeZone") if conn.parameter_status("TimeZone") != zone
      conn.close
      bad
    end
  end
  check("settings of six clients, 200 times each", threads.map(&:value), [nil] * ZONES.size)
end

def session_objects
  a, b = connect, connect
  a.exec("create temp table t as select 1 as i")
  refused("temp table of another", "42P01") { b.exec("select * from t") }
  20.times { check("temp table", [one(a, "select count(*) from t"), one(b, "select 1")], %w[1 1]) }
  a.exec("discard all")
  key = RUN.hash % 1_000_000
  check("lock", one(a, "select pg_try_advisory_lock($1)", [key]), "t")
  check("locked", one(b, "select pg_try_advisory_lock($1)", [key]), "f")
  check("unlock", one(a, "select pg_advisory_unlock($1)", [key]), "t")
  channel = RUN + "chan"
  a.exec("listen #{channel}")
  5.times { |i| b.exec_params("select pg_notify($1, $2)", [channel, i.to_s]) }
  got = []
  got << a.wait_for_notify(10) { |_, _, payload| got << payload } while got.size < 10
  check("notifications", got.values_at(0, 2, 4, 6, 8), %w[0 1 2 3 4])
  a.exec("unlisten *")
  a.reset
  check("reset opens anew", one(a, "select 3"), "3")
  a.close
  b.close
end

def copying
  t = RUN + "copy"
  conn = connect
  conn.exec("create table #{t} (i int, t text)")
  conn.copy_data("copy #{t} from stdin") { 20_000.times { |i| conn.put_copy_data("#{i}\trow #{i}\n") } }
  rows = 0
  conn.copy_data("copy #{t} to stdout") { rows += 1 while conn.get_copy_data }
  check("copied", rows, 20_000)
  refused("bad row", "22P02") { conn.copy_data("copy #{t} from stdin") { conn.put_copy_data("x\ty\n") } }
  begin
    conn.copy_data("copy #{t} from stdin") { conn.put_copy_data("1\ty\n"); raise "changed my mind" }
  rescue RuntimeError
    check("after giving up", one(conn, "select count(*) from #{t}"), "20000")
  end
  conn.exec("drop table #{t}")
  conn.transaction do |c|
    oid = c.lo_create(0)
    fd = c.lo_open(oid, PG::INV_WRITE | PG::INV_READ)
    c.lo_write(fd, "some bytes" * 10_000)
    c.lo_lseek(fd, 99_990, PG::SEEK_SET)
    check("large object", c.lo_read(fd, 10), "some bytes")
    c.lo_close(fd)
    c.lo_unlink(oid)
  end
  conn.close
end

def streaming
  conn = connect
  conn.send_query("select g from generate_series(1, 5000) g")
  conn.set_single_row_mode
  sum = 0
  conn.get_result.stream_each_row { |r| sum += r[0].to_i }
  check("single row mode", sum, 12_502_500)
  check("nothing is left", conn.get_result, nil)
  conn.close
  conn = connect # libpq 15 would stay in single-row mode inside a pipeline
  conn.enter_pipeline_mode
  100.times { |i| conn.send_query_params("select $1::int", [i]) }
  conn.send_query_params("select 1/0", [])
  conn.send_query_params("select 'skipped'", [])
  conn.pipeline_sync
  got = []
  while (r = conn.get_result || conn.get_result)
    break if r.result_status == PG::PGRES_PIPELINE_SYNC
    got << (r.result_status == PG::PGRES_TUPLES_OK ? r.getvalue(0, 0) : r.result_status)
  end
  check("pipeline", got, (0...100).map(&:to_s) + [PG::PGRES_FATAL_ERROR, PG::PGRES_PIPELINE_ABORTED])
  conn.exit_pipeline_mode
  check("big value", one(conn, "select length($1)", ["x" * 5_000_000]), "5000000")
  check("big result", one(conn, "select repeat('y', 5000000)").size, 5_000_000)
  check("many rows", conn.exec("select g, md5(g::text) from generate_series(1, 50000) g").ntuples, 50_000)
  conn.exec("begin; declare c cursor for select generate_series(1, 10)")
  check("cursor", conn.exec("fetch 3 from c").column_values(0), %w[1 2 3])
  conn.exec("commit")
  conn.send_query("select pg_sleep(20)")
  sleep 0.3
  conn.cancel
  refused("cancelled", "57014") { conn.get_last_result }
  check("still there", one(conn, "select 1"), "1")
  conn.close
end

prepared
transactions
settings
session_objects
copying
streaming
puts "ok #{$count} checks"
