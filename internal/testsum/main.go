package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// ledgerVariable is testpg.LedgerVariable; each cluster booted by any test
// process adds a line to the file it names.
const ledgerVariable = "WYE_TESTPG_LEDGER"

func main() {
	integration := flag.Bool("integration", false, "fail when no PostgreSQL cluster was booted")
	again := flag.Bool("again", false, "run up to 3 failed tests again, each alone: to pass, all of 3 times must")
	race := flag.Bool("race", false, "run under the race detector what a data race can show in")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: testsum [-integration] [-again] [-race] -- ARGUMENTS OF GO TEST")
	}
	flag.Parse()
	ok, err := run(*integration, *again, *race, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

func run(integration, again, race bool, args []string) (ok bool, err error) {
	missing := ""
	if race {
		if args, missing, err = underRace(args); err != nil {
			return false, err
		}
	}
	dir, err := os.MkdirTemp("", "testsum-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	ledger := filepath.Join(dir, "ledger")
	// Tests run wye as another account too, and it boots clusters.
	if err := openToAll(dir, ledger); err != nil {
		return false, err
	}
	began := time.Now()
	t := newTally()
	failed, err := goTest(args, ledger, func(line []byte) {
		for _, text := range t.add(line) {
			fmt.Print(text)
		}
	})
	if err != nil {
		return false, err
	}
	if doubtful := t.doubtful(); again && len(doubtful) > 0 {
		passed, err := runAgain(args, ledger, doubtful)
		if err != nil {
			return false, err
		}
		t.forgive(passed)
		failed = len(t.failed) > 0
	}
	booted, err := readLedger(ledger)
	if err != nil {
		return false, err
	}
	s := t.summary(allowed)
	s.took, s.booted = time.Since(began), booted
	s.goTestFailed = failed
	s.wantClusters = integration
	s.missing = missing
	fmt.Print(s)
	return s.ok(), nil
}

// goTest runs go test -json and hands over its output line by line. When we
// are asked to stop so is go test, and we stay to print what was counted.
func goTest(args []string, ledger string, line func([]byte)) (failed bool, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Env = append(os.Environ(), ledgerVariable+"="+ledger)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("start go test: %w", err)
	}
	r := bufio.NewReader(out)
	for {
		text, err := r.ReadBytes('\n')
		if len(text) > 0 {
			line(text)
		}
		if err != nil {
			break // io.EOF; anything else shows in Wait
		}
	}
	return cmd.Wait() != nil, nil
}

// openToAll makes the ledger, writable for every account.
func openToAll(dir, ledger string) error {
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	if err := os.WriteFile(ledger, nil, 0o666); err != nil {
		return err
	}
	return os.Chmod(ledger, 0o666)
}
