package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/wyeproxy/wye/proxy"
	"github.com/wyeproxy/wye/proxy/config"
)

// runProxy is `wye run`.
func runProxy(args []string, _, errs io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(errs, "usage: wye run CONFIG | postgres://user:password@host[,host]/database")
		return exitUsage
	}
	cfg, ok := load(args[0], errs)
	if !ok {
		return exitFailed
	}
	defer runtime.KeepAlive(setCollector())
	level := new(slog.LevelVar)
	log := newLogger(cfg.Process.Log, level, errs)
	server, err := proxy.New(cfg, proxy.Options{
		Version: version, Commit: commit(), Log: log, Reload: reloader(args[0]),
		Applied: func(c *config.Config) { _ = level.UnmarshalText([]byte(c.Process.Log.Level)) }, // checked by config
	})
	if err != nil {
		fmt.Fprintln(errs, "wye:", err)
		return exitFailed
	}
	defer server.Close()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	if err := server.Start(); err != nil {
		fmt.Fprintln(errs, "wye:", err)
		return exitFailed
	}
	serveUntilEnd(server, signals, log)
	return exitOK
}

// gcPercent is lower than Go's 100: repeated queries allocate nothing, so
// collections are rare, and what is saved is memory of idle clients.
const gcPercent = 40

// ballastSize is of memory that nobody touches, so that the system never
// provides it. It only counts as part of the heap: gcPercent of it, 16 MiB, is
// allocated between two collections at the least. Without it a small heap was
// collected sixty times a second by HTTP requests, which do allocate.
const ballastSize = 40 << 20

// setCollector leaves to those who have set what Go's collector does. What it
// returns is to be kept.
func setCollector() (ballast []byte) {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	debug.SetGCPercent(gcPercent)
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil // it would count
	}
	return make([]byte, ballastSize)
}

// load reads a configuration file or URL and prints its problems.
func load(arg string, errs io.Writer) (*config.Config, bool) {
	cfg, problems := read(arg)
	for _, p := range problems {
		fmt.Fprintln(errs, p)
	}
	return cfg, cfg != nil
}

func read(arg string) (*config.Config, []config.Problem) {
	if config.IsURL(arg) {
		return config.FromURL(arg)
	}
	return config.Load(arg)
}

// reloader reads the configuration again; problems become one error.
func reloader(arg string) func() (*config.Config, error) {
	return func() (*config.Config, error) {
		cfg, problems := read(arg)
		if cfg != nil {
			return cfg, nil
		}
		var all []error
		for _, p := range problems {
			if !p.Warning {
				all = append(all, errors.New(p.String()))
			}
		}
		return nil, errors.Join(all...)
	}
}

func newLogger(c config.Log, level slog.Leveler, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	text := c.Format == "text"
	if f, ok := w.(*os.File); ok && c.Format == "auto" {
		info, err := f.Stat()
		text = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	if text {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

// serveUntilEnd waits for signals and for SHUTDOWN, and drains.
func serveUntilEnd(server *proxy.Server, signals <-chan os.Signal, log *slog.Logger) {
	for {
		select {
		case sig := <-signals:
			switch sig {
			case syscall.SIGHUP:
				_ = server.Reload() // it logs
			case syscall.SIGUSR1:
				server.PauseAll()
			case syscall.SIGUSR2:
				server.ResumeAll()
			case syscall.SIGQUIT:
				return
			default:
				drain(server, signals, log)
				return
			}
		case <-server.Ended():
			if !server.ShutdownNow() {
				drain(server, signals, log)
			}
			return
		}
	}
}

// drain lets transactions end; a second signal to stop cuts it short.
func drain(server *proxy.Server, signals <-chan os.Signal, log *slog.Logger) {
	limit := server.ShutdownTimeout()
	ctx, cancel := context.WithCancel(context.Background())
	if limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	go func() {
		for {
			select {
			case sig := <-signals:
				if sig != syscall.SIGHUP && sig != syscall.SIGUSR1 && sig != syscall.SIGUSR2 {
					cancel()
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	log.Info("draining", "limit", limit.String())
	if err := server.Drain(ctx); err != nil {
		log.Warn("drain was cut short", "error", err.Error())
	}
}

// commit is the revision that the binary was built from, "" when unknown.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

func commitSuffix() string {
	if c := commit(); len(c) >= 12 {
		return " (" + c[:12] + ")"
	}
	return ""
}
