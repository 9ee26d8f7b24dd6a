package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
)

// orderCommand is `wye drain`, `wye ready` and `wye maint`: it asks a running
// wye, and returns 0 when that has done it.
func orderCommand(name string) func(args []string, out, errs io.Writer) int {
	return func(args []string, out, errs io.Writer) int {
		var at consoleAt
		f := flag.NewFlagSet("wye "+name, flag.ContinueOnError)
		f.SetOutput(errs)
		at.flags(f)
		if f.Parse(args) != nil {
			return exitUsage
		}
		if f.NArg() != 1 || !strings.Contains(f.Arg(0), "/") || at.both() {
			fmt.Fprintf(errs, "usage: wye %s [--config FILE | --console URL] POOL/SERVER\n", name)
			return exitUsage
		}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		if err := at.order(ctx, name, f.Arg(0), errs); err != nil {
			printError(errs, err)
			return exitFailed
		}
		fmt.Fprintf(out, "%s: %s\n", f.Arg(0), name)
		return exitOK
	}
}

func (at *consoleAt) order(ctx context.Context, verb, server string, errs io.Writer) error {
	url, err := at.url(errs)
	if err != nil {
		return err
	}
	_, err = query(ctx, url, strings.ToUpper(verb)+" '"+strings.ReplaceAll(server, "'", "''")+"'")
	return err
}

// consoleAt says which console of a running wye to ask.
type consoleAt struct{ file, console string }

func (at *consoleAt) flags(f *flag.FlagSet) {
	f.StringVar(&at.file, "config", "", "configuration `FILE` of the running wye: where it listens, and an admin with a password")
	f.StringVar(&at.console, "console", "", "`URL` of the running wye's console (default "+defaultConsole+")")
}

func (at *consoleAt) both() bool { return at.file != "" && at.console != "" }

// url is the console's.
func (at *consoleAt) url(errs io.Writer) (url string, err error) {
	switch {
	case at.console != "":
		return at.console, nil
	case at.file == "":
		return defaultConsole, nil
	}
	cfg, ok := load(at.file, errs)
	if !ok {
		return "", fmt.Errorf("%s is wrong", name(at.file))
	}
	return consoleOf(cfg)
}
