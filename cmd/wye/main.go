package main

import (
	"fmt"
	"io"
	"os"
)

// version is set by the Makefile (-ldflags -X).
var version = "dev"

// Exit codes of every command.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// command is one sub-command; run returns the exit code.
type command struct {
	name, args, short string
	run               func(args []string, out, errs io.Writer) int
}

func commands() []command {
	return []command{
		{"run", "CONFIG | postgres://user:password@host[,host]/database", "serve clients until SIGTERM", runProxy},
		{"check", "[--connect] CONFIG", "read a configuration and print what is wrong with it, and with the servers", runCheck},
		{"demo", "[--once] [--json] [--verbose]", "run wye on a throw-away PostgreSQL cluster and show what it does", runDemo},
		{"explain", "[--config FILE] [--cluster NAME] [URL] 'SQL'", "say where wye would send the SQL and why, without running it", runExplain},
		{"replay", "--config FILE [--cluster NAME] [URL] FILE", "say of a file of SQL how much of it goes to one shard, to several, or is refused", runReplay},
		{"switchover", "[--config FILE | --console URL] [--to NODE] [DATABASE]", "have a running wye make another server the primary", runSwitchover},
		{"drain", "[--config FILE | --console URL] POOL/SERVER", "have a running wye send a server of a pool no new clients", orderCommand("drain")},
		{"maint", "[--config FILE | --console URL] POOL/SERVER", "the same, and close its TCP connections; HTTP requests end by themselves", orderCommand("maint")},
		{"ready", "[--config FILE | --console URL] POOL/SERVER", "have it use the server again", orderCommand("ready")},
		{"shards", "[plan] CONFIG [--cluster NAME] [--add SHARD | --remove SHARD]", "print a cluster's shard map, or what would move if a shard joined or left", runShards},
		{"health", "[URL]", "ask a running wye whether it is ready (" + defaultHealth + ")", runHealth},
		{"hash", "[PASSWORD]", "print the SCRAM verifier of a password (read from standard input without an argument)", runHash},
		{"version", "", "print the version", runVersion},
	}
}

func main() { os.Exit(dispatch(os.Args[1:], os.Stdout, os.Stderr)) }

func dispatch(args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		usage(errs)
		return exitUsage
	}
	switch args[0] {
	case demoServerCommand:
		return runDemoServer(args[1:], out)
	case "help", "-h", "--help":
		usage(out)
		return exitOK
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(args[1:], out, errs)
		}
	}
	fmt.Fprintf(errs, "wye: unknown command %q\n\n", args[0])
	usage(errs)
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "wye stands in front of PostgreSQL: pooling, routing, sharding, caching. It balances TCP and HTTP, too.\n\nUsage:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  wye %-10s %s\n                 %s\n", c.name, c.args, c.short)
	}
	fmt.Fprint(w, "\nSignals to `wye run`: TERM and INT drain and stop, QUIT stops at once, HUP reloads,\nUSR1 pauses, USR2 resumes.\n")
}

func runVersion(_ []string, out, _ io.Writer) int {
	fmt.Fprintf(out, "wye %s%s\n", version, commitSuffix())
	return exitOK
}
