package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/proxy"
	"github.com/wyeproxy/wye/proxy/config"
)

// runCheck is `wye check`: 0 when the file is right, 1 when it is not.
func runCheck(args []string, out, errs io.Writer) int {
	if len(args) == 2 && args[0] == "--connect" {
		return checkServers(args[1], out, errs)
	}
	if len(args) != 1 {
		fmt.Fprintln(errs, "usage: wye check [--connect] CONFIG")
		return exitUsage
	}
	cfg, ok := load(args[0], errs)
	if !ok {
		return exitFailed
	}
	if err := proxy.Check(cfg); err != nil {
		fmt.Fprintln(errs, err)
		return exitFailed
	}
	fmt.Fprintf(out, "%s is right: %s\n", name(args[0]), summary(cfg))
	return exitOK
}

// name hides what a URL may hold.
func name(arg string) string {
	if config.IsURL(arg) {
		return "the URL"
	}
	return arg
}

func summary(cfg *config.Config) string {
	text := fmt.Sprintf("%d clusters, %d users, %d listeners", len(cfg.Clusters), len(cfg.Users), len(cfg.Listeners))
	if len(cfg.Pools) > 0 {
		text += fmt.Sprintf(", %d pools", len(cfg.Pools))
	}
	return text
}

// runHash is `wye hash`.
func runHash(args []string, out, errs io.Writer) int {
	var password string
	switch len(args) {
	case 0:
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && line == "" {
			fmt.Fprintln(errs, "wye: no password on standard input")
			return exitFailed
		}
		password = strings.TrimRight(line, "\r\n")
	case 1:
		password = args[0]
	default:
		fmt.Fprintln(errs, "usage: wye hash [PASSWORD]")
		return exitUsage
	}
	verifier, err := auth.HashPassword(password, nil)
	if err != nil {
		fmt.Fprintln(errs, "wye:", err)
		return exitFailed
	}
	fmt.Fprintln(out, verifier)
	return exitOK
}
