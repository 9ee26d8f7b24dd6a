package testpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Rejoin makes this server, killed or running, a fresh replica of the given
// primary and returns when it has caught up. Its data folder is replaced by a
// copy of the primary's, so it does not matter how far it had diverged; its
// configuration is again what Boot gave it, without what ALTER SYSTEM changed
// on either server. The port stays the same.
func (n *Node) Rejoin(ctx context.Context, primary *Node) error {
	n.moving.Lock()
	defer n.moving.Unlock()
	if err := n.shutdown(ctx, Immediate); err != nil {
		return err
	}
	removeSharedMemoryOf(n.dataDir)
	if err := os.RemoveAll(n.dataDir); err != nil {
		return err
	}
	if err := primary.backUp(ctx, n.dataDir); err != nil {
		return fmt.Errorf("copy %s: %w", primary.Name, err)
	}
	if err := n.configure(primary); err != nil {
		return err
	}
	if err := n.start(ctx); err != nil {
		return err
	}
	return n.WaitCaughtUp(ctx, primary)
}

// backUp takes a base backup of the running server by PostgreSQL's low-level
// interface, whose functions got other names in version 15. The WAL of the
// copying itself comes by streaming: wal_keep_size sees to that.
func (n *Node) backUp(ctx context.Context, to string) error {
	begin, end := "SELECT pg_backup_start('rejoin', true)", "SELECT labelfile FROM pg_backup_stop(false)"
	if major, _, _ := strings.Cut(n.cluster.Version, "."); olderThan15(major) {
		begin, end = "SELECT pg_start_backup('rejoin', true, false)", "SELECT labelfile FROM pg_stop_backup(false, false)"
	}
	conn, err := pgconn.Connect(ctx, n.SuperuserURL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, begin).ReadAll(); err != nil {
		return err
	}
	if err := n.copyRunning(to); err != nil {
		return err
	}
	label, err := conn.Exec(ctx, end).ReadAll()
	if err != nil {
		return err
	}
	if len(label) != 1 || len(label[0].Rows) != 1 {
		return errors.New("the backup has no label")
	}
	return n.cluster.account.write(filepath.Join(to, "backup_label"), label[0].Rows[0][0], 0o600)
}

// olderThan15 is false for what is no number, like "18beta1".
func olderThan15(major string) bool {
	v, err := strconv.Atoi(major)
	return err == nil && v < 15
}

// notCopied are the contents that a base backup leaves out (chapter
// "Continuous Archiving"), and the configuration of the node copied from,
// where the template's takes its place.
var notCopied = []string{
	"postmaster.pid", "postmaster.opts", "standby.signal", "backup_label.old",
	"pg_wal/*", "pg_replslot/*", "pg_dynshmem/*", "pg_notify/*", "pg_serial/*", "pg_snapshots/*",
	"pg_stat_tmp/*", "pg_subtrans/*", "pg_stat/*", "base/pgsql_tmp/*", "base/*/pg_internal.init", "global/pg_internal.init",
	"postgresql.conf", "postgresql.auto.conf",
}

func (n *Node) copyRunning(to string) error {
	who := n.cluster.account
	err := copyTreeBut(n.dataDir, to, who, func(name string) bool {
		return slices.ContainsFunc(notCopied, func(pattern string) bool {
			match, _ := filepath.Match(pattern, name) // the patterns are constants
			return match
		})
	})
	if err != nil {
		return err
	}
	if err := who.mkdir(filepath.Join(to, "pg_wal", "archive_status")); err != nil {
		return err
	}
	buf := make([]byte, 16<<10)
	for _, name := range []string{"postgresql.conf", "postgresql.auto.conf"} {
		if err := copyFile(filepath.Join(n.template, name), filepath.Join(to, name), who, buf); err != nil {
			return err
		}
	}
	return nil
}

// gone tells a file that a running server removed between listing and
// opening; its WAL says so too, and recovery does not miss it.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
