# DBD::Pg: server-side prepare with placeholders, COPY, notifications, large objects, asynchronous queries.
use strict;
use warnings;
use DBI;
use DBD::Pg qw(:async :pg_types);

$| = 1;
my @zones = qw(UTC Asia/Tokyo Europe/Paris America/New_York Asia/Kolkata Australia/Perth);
my $run   = "drv_perl_${$}_";
my $count = 0;

sub check {
    my ($what, $got, $want) = @_;
    my ($g, $w) = map { defined $_ ? $_ : 'undef' } $got, $want;
    if ($g ne $w) { print "FAILED $what: got $g, want $w\n"; exit 1 }
    $count++;
}

sub connect_to {
    my ($more, %attr) = @_;
    return DBI->connect("dbi:Pg:host=$ENV{PGHOST};port=$ENV{PGPORT};dbname=$ENV{PGDATABASE}" . ($more // ''),
        $ENV{PGUSER}, $ENV{PGPASSWORD}, {RaiseError => 1, PrintError => 0, AutoCommit => 1, PrintWarn => 0, %attr});
}

sub one { my ($dbh, $sql, @args) = @_; return ($dbh->selectrow_array($sql, undef, @args))[0] }

sub refused {
    my ($what, $state, $dbh, $call) = @_;
    my $ok = eval { $call->(); 1 };
    check("$what is refused", $ok ? 'no error' : $dbh->state, $state);
}

sub prepared {
    my ($a, $b) = (connect_to(), connect_to());
    my $sa = $a->prepare('select ?::int + 1, ?::text');
    my $sb = $b->prepare('select ?::int + 2, ?::text');
    for my $i (1 .. 200) {
        $sa->execute($i, "it's $i");
        check('prepared', join('|', $sa->fetchrow_array), ($i + 1) . "|it's $i");
        $sa->finish;
        $sb->execute($i, undef);
        check('of the other', join('|', map { $_ // 'null' } $sb->fetchrow_array), ($i + 2) . '|null');
        $sb->finish;
        check('new statement each time', one($a, 'select ?::int * 2', $i), $i * 2);
    }
    undef $sa;    # DBD::Pg sends DEALLOCATE here
    check('after DEALLOCATE', one($a, 'select 5'), 5);
    $sb->execute(1, 'x');
    check('the other statement stays', ($sb->fetchrow_array)[0], 3);
    $sb->finish;
    undef $sb;
    local $a->{pg_server_prepare} = 0;
    check('not prepared', one($a, 'select ?::int', 9), 9);
    $_->disconnect for $a, $b;
}

sub transactions {
    my $t = $run . 'tx';
    my $dbh = connect_to();
    $dbh->do("create table $t (i int primary key)");
    $dbh->begin_work;
    $dbh->do("insert into $t values (1)");
    $dbh->rollback;
    check('rolled back', one($dbh, "select count(*) from $t"), 0);
    $dbh->begin_work;
    $dbh->do("insert into $t values (1)");
    $dbh->pg_savepoint('s');
    refused('duplicate', '23505', $dbh, sub { $dbh->do("insert into $t values (1)") });
    refused('failed', '25P02', $dbh, sub { $dbh->do('select 1') });
    $dbh->pg_rollback_to('s');
    $dbh->do("insert into $t values (2)");
    $dbh->commit;
    check('savepoint', one($dbh, "select count(*) from $t"), 2);
    refused('division', '22012', $dbh, sub { one($dbh, 'select 1/0') });
    refused('syntax', '42601', $dbh, sub { $dbh->do('selec') });
    $dbh->do('begin isolation level serializable read only');
    check('isolation', one($dbh, 'show transaction_isolation'), 'serializable');
    refused('read only', '25006', $dbh, sub { $dbh->do("insert into $t values (9)") });
    $dbh->do('rollback');
    $dbh->do("drop table $t");
    check('ping', $dbh->ping > 0 ? 1 : 0, 1);
    $dbh->disconnect;
}

sub settings {    # six clients taking turns
    my @all;
    for my $i (0 .. $#zones) {
        my $dbh = connect_to(";application_name='perl $i';options='-c work_mem=" . ($i + 1) . "MB'");
        $dbh->do("set timezone = '$zones[$i]'");
        $dbh->do("select set_config('search_path', ?, false)", undef, "path_$i, public");
        push @all, $dbh;
    }
    for my $n (1 .. 200) {
        for my $i (0 .. $#zones) {
            my $got = one($all[$i], q{select current_setting('timezone') || '|' || current_setting('search_path') || '|'
                || current_setting('application_name') || '|' || current_setting('work_mem')});
            check("settings of client $i, turn $n", $got, "$zones[$i]|path_$i, public|perl $i|" . ($i + 1) . 'MB');
        }
    }
    $_->disconnect for @all;
}

sub session_objects {
    my ($a, $b) = (connect_to(), connect_to());
    $a->do('create temp table t as select 1 as i');
    refused('temp table of another', '42P01', $b, sub { one($b, 'select * from t') });
    check('temp table', one($a, 'select count(*) from t') . one($b, 'select 1'), '11') for 1 .. 20;
    $a->do('drop table t');
    my $key = $$ + 77000;
    check('lock',   one($a, 'select pg_try_advisory_lock(?)', $key), 1);
    check('locked', one($b, 'select pg_try_advisory_lock(?)', $key), 0);
    check('unlock', one($a, 'select pg_advisory_unlock(?)',   $key), 1);
    $a->do("listen ${run}chan");
    $b->do('select pg_notify(?, ?)', undef, "${run}chan", $_) for 0 .. 4;
    my ($got, $tries) = ('', 0);
    while (length $got < 5 && $tries++ < 100) {
        while (my $n = $a->pg_notifies) { $got .= $n->[2] }
        select undef, undef, undef, 0.05;
    }
    check('notifications', $got, '01234');
    $a->do('unlisten *');
    $_->disconnect for $a, $b;
}

sub copying {
    my $t = $run . 'copy';
    my $dbh = connect_to();
    $dbh->do("create table $t (i int, t text)");
    $dbh->do("copy $t from stdin");
    $dbh->pg_putcopydata("$_\trow $_\n") for 1 .. 20000;
    $dbh->pg_putcopyend;
    $dbh->do("copy $t to stdout");
    my ($rows, $line) = (0, '');
    $rows++ while $dbh->pg_getcopydata($line) >= 0;
    check('copied', $rows, 20000);
    $dbh->do("copy $t from stdin");
    refused('bad row', '22P02', $dbh, sub { $dbh->pg_putcopydata("x\ty\n"); $dbh->pg_putcopyend });
    check('unchanged', one($dbh, "select count(*) from $t"), 20000);
    $dbh->do("drop table $t");
    $dbh->begin_work;
    my $oid = $dbh->pg_lo_creat($dbh->{pg_INV_WRITE} | $dbh->{pg_INV_READ});
    my $fd = $dbh->pg_lo_open($oid, $dbh->{pg_INV_WRITE} | $dbh->{pg_INV_READ});
    my $bytes = 'some bytes' x 10000;
    check('written', $dbh->pg_lo_write($fd, $bytes, length $bytes), 100000);
    $dbh->pg_lo_lseek($fd, 99990, 0);
    my $buffer = '';
    $dbh->pg_lo_read($fd, $buffer, 10);
    check('large object', $buffer, 'some bytes');
    $dbh->pg_lo_unlink($oid);
    $dbh->commit;
    $dbh->disconnect;
}

sub values_and_cancel {
    my $dbh = connect_to();
    check('big value',  one($dbh, 'select length(?)', 'x' x 5_000_000), 5_000_000);
    check('big result', length one($dbh, q{select repeat('y', 5000000)}), 5_000_000);
    check('many rows',  scalar @{$dbh->selectall_arrayref('select g, md5(g::text) from generate_series(1, 50000) g')}, 50000);
    my $sth = $dbh->prepare('select ?::bytea');
    $sth->bind_param(1, "\x00\xff'\\", {pg_type => PG_BYTEA});
    $sth->execute;
    check('bytes', ($sth->fetchrow_array)[0], "\x00\xff'\\");
    $sth->finish;
    check('array', join(',', @{one($dbh, 'select ?::int[]', [1, 2, 3])}), '1,2,3');
    $dbh->do('select pg_sleep(20)', {pg_async => PG_ASYNC});
    select undef, undef, undef, 0.3;
    check('cancelled', $dbh->pg_cancel, 1);
    check('still there', one($dbh, 'select 1'), 1);
    $dbh->do(q{set statement_timeout = '100ms'});
    refused('timeout', '57014', $dbh, sub { $dbh->do('select pg_sleep(20)') });
    $dbh->disconnect;
}

prepared();
transactions();
settings();
session_objects();
copying();
values_and_cancel();
print "ok $count checks\n";
