<?php
// PHP: PDO with real and with emulated prepares, and the pgsql extension (named statements, COPY, notifications, async).

$zones = ['UTC', 'Asia/Tokyo', 'Europe/Paris', 'America/New_York', 'Asia/Kolkata', 'Australia/Perth'];
$run = 'drv_php_' . getmypid() . '_';
$count = 0;

function check(string $what, mixed $got, mixed $want = true): void
{
    global $count;
    if ($got !== $want) {
        echo "FAILED $what: got " . var_export($got, true) . ', want ' . var_export($want, true) . "\n";
        exit(1);
    }
    $count++;
}

function refused(string $what, string $state, callable $call): void
{
    try {
        $call();
    } catch (PDOException $e) {
        check("$what: {$e->getMessage()}", $e->errorInfo[0], $state);
        return;
    }
    check("$what is refused", 'no error', $state);
}

function pdo(array $attributes = [], string $more = ''): PDO
{
    $dsn = sprintf('pgsql:host=%s;port=%s;dbname=%s%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'), $more);
    return new PDO($dsn, getenv('PGUSER'), getenv('PGPASSWORD'), $attributes + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function one(PDO $db, string $sql, array $args = []): mixed
{
    $s = $db->prepare($sql);
    $s->execute($args);
    return $s->fetchColumn();
}

function pg(string $more = ''): PgSql\Connection
{
    return pg_connect(sprintf("host=%s port=%s dbname=%s user=%s password=%s %s", getenv('PGHOST'), getenv('PGPORT'),
        getenv('PGDATABASE'), getenv('PGUSER'), getenv('PGPASSWORD'), $more), PGSQL_CONNECT_FORCE_NEW);
}

function preparedInPdo(): void
{
    $modes = [[], [PDO::ATTR_EMULATE_PREPARES => true], [PDO::PGSQL_ATTR_DISABLE_PREPARES => true]];
    foreach ($modes as $attributes) {
        [$a, $b] = [pdo($attributes), pdo($attributes)];
        $sa = $a->prepare('select ?::int + 1 as n, ?::text as t');
        $sb = $b->prepare('select ?::int + 2 as n, ?::text as t');
        for ($i = 0; $i < 150; $i++) {
            $sa->execute([$i, "it's $i"]);
            check('prepared', $sa->fetch(PDO::FETCH_NUM), [$i + 1, "it's $i"]);
            $sb->execute([$i, null]);
            check('of the other', $sb->fetch(PDO::FETCH_NUM), [$i + 2, null]);
            check('new each time', one($a, 'select :n::int * 2', ['n' => $i]), $i * 2);
        }
        $sa = null; // sends DEALLOCATE
        check('after DEALLOCATE', one($a, 'select 5'), 5);
        $sb->execute([1, 'x']);
        check('the other stays', $sb->fetch(PDO::FETCH_NUM), [3, 'x']);
    }
}

function transactions(string $t): void
{
    $db = pdo();
    $db->exec("create table $t (i int primary key)");
    $db->beginTransaction();
    $db->exec("insert into $t values (1)");
    $db->rollBack();
    check('rolled back', one($db, "select count(*) from $t"), 0);
    $db->beginTransaction();
    $db->exec("insert into $t values (1)");
    $db->exec('savepoint s');
    refused('duplicate', '23505', fn () => $db->exec("insert into $t values (1)"));
    refused('failed', '25P02', fn () => $db->exec('select 1'));
    $db->exec('rollback to s');
    $db->commit();
    check('in transaction', $db->inTransaction(), false);
    check('savepoint', one($db, "select count(*) from $t"), 1);
    refused('division', '22012', fn () => one($db, 'select 1/0'));
    refused('syntax', '42601', fn () => $db->exec('selec'));
    $db->exec('begin isolation level serializable read only');
    check('isolation', one($db, 'show transaction_isolation'), 'serializable');
    refused('read only', '25006', fn () => $db->exec("insert into $t values (9)"));
    $db->exec('rollback');
    $db->pgsqlCopyFromArray($t, array_map(fn ($i) => (string) $i, range(100, 2099)));
    check('copied', count($db->pgsqlCopyToArray($t)), 2001);
    $db->beginTransaction();
    $oid = $db->pgsqlLOBCreate();
    $lob = $db->pgsqlLOBOpen($oid, 'w');
    fwrite($lob, str_repeat('some bytes', 1000));
    $lob = null;
    $lob = $db->pgsqlLOBOpen($oid, 'r');
    check('large object', strlen(stream_get_contents($lob)), 10000);
    $lob = null;
    $db->pgsqlLOBUnlink($oid);
    $db->commit();
    $cursor = $db->prepare("select i from $t order by i", [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $db->beginTransaction();
    $cursor->execute();
    check('cursor', $cursor->fetchColumn(), 1);
    check('scrolls', $cursor->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST), [2099]);
    $cursor = null;
    $db->commit();
    $db->exec("drop table $t");
}

function settings(array $zones): void
{
    $all = [];
    foreach ($zones as $i => $zone) {
        $mb = $i + 1;
        $db = pg("application_name='php $i' options='-c work_mem={$mb}MB'");
        pg_query($db, "set timezone = '$zone'");
        pg_query_params($db, "select set_config('search_path', $1, false)", ["path_$i, public"]);
        $all[] = $db;
    }
    for ($n = 0; $n < 200; $n++) {
        foreach ($all as $i => $db) {
            $got = pg_fetch_row(pg_query($db, "select current_setting('timezone'), current_setting('search_path'),
                current_setting('application_name'), current_setting('work_mem')"));
            check("client $i turn $n", $got, [$zones[$i], "path_$i, public", "php $i", ($i + 1) . 'MB']);
        }
    }
    check('parameter status', pg_parameter_status($all[1], 'TimeZone'), 'Asia/Tokyo');
    pg_query($all[1], 'discard all');
    check('after DISCARD ALL', pg_fetch_result(pg_query($all[1], 'show application_name'), 0, 0), 'php 1');
}

function pgsqlExtension(string $run): void
{
    [$a, $b] = [pg(), pg()];
    pg_prepare($a, 's', 'select $1::int + 1');
    pg_prepare($b, 's', 'select $1::int + 2');
    for ($i = 0; $i < 100; $i++) {
        check('named', pg_fetch_result(pg_execute($a, 's', [$i]), 0, 0), (string) ($i + 1));
        check('same name, other client', pg_fetch_result(pg_execute($b, 's', [$i]), 0, 0), (string) ($i + 2));
    }
    pg_query($a, 'create temp table t as select 1 as i');
    check('temp table of another', @pg_query($b, 'select * from t'), false);
    for ($i = 0; $i < 20; $i++) {
        check('temp table', pg_num_rows(pg_query($a, 'select * from t')), 1);
        check('other client', pg_fetch_result(pg_query($b, 'select 1'), 0, 0), '1');
    }
    pg_query($a, 'drop table t');
    $key = getmypid() + 88000;
    check('lock', pg_fetch_result(pg_query($a, "select pg_try_advisory_lock($key)"), 0, 0), 't');
    check('locked', pg_fetch_result(pg_query($b, "select pg_try_advisory_lock($key)"), 0, 0), 'f');
    check('unlock', pg_fetch_result(pg_query($a, "select pg_advisory_unlock($key)"), 0, 0), 't');
    pg_query($a, "listen {$run}chan");
    pg_query($b, "notify {$run}chan, 'one'; notify {$run}chan, 'two'");
    $got = [];
    for ($tries = 0; count($got) < 2 && $tries < 200; $tries++) {
        while ($n = pg_get_notify($a)) {
            $got[] = $n['payload'];
        }
        usleep(20000);
    }
    check('notifications', $got, ['one', 'two']);
    pg_query($a, 'unlisten *');
    pg_query($a, "create table {$run}copy (i int, t text)");
    check('copied', pg_copy_from($a, "{$run}copy", array_map(fn ($i) => "$i\trow\n", range(1, 5000))));
    check('copied out', count(pg_copy_to($a, "{$run}copy")), 5000);
    pg_query($a, "drop table {$run}copy");
    check('big value', pg_fetch_result(pg_query_params($a, 'select length($1)', [str_repeat('x', 5000000)]), 0, 0), '5000000');
    check('big result', strlen(pg_fetch_result(pg_query($a, "select repeat('y', 5000000)"), 0, 0)), 5000000);
    check('many rows', pg_num_rows(pg_query($a, 'select g, md5(g::text) from generate_series(1, 50000) g')), 50000);
    pg_send_query($a, 'select pg_sleep(20)');
    usleep(300000);
    check('cancel', pg_cancel_query($a));
    check('still there', pg_fetch_result(pg_query($a, 'select 1'), 0, 0), '1');
    pg_send_query($a, 'select 1/0');
    check('state', pg_result_error_field(pg_get_result($a), PGSQL_DIAG_SQLSTATE), '22012');
    check('persistent reset', pg_connection_reset($a));
}

preparedInPdo();
transactions($run . 'tx');
settings($zones);
pgsqlExtension($run);
echo "ok $count checks\n";
