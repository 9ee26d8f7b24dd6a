package testpg

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// spareDatabase waits in the template to be renamed: that takes a millisecond
// where CREATE DATABASE takes a hundred.
const spareDatabase = "wye_spare"

// templateRecipe is part of the cached folder's name. Change it whenever
// buildTemplate changes what it builds.
const templateRecipe = "1"

// template returns the data folder, never started as a server, that clusters
// are copied from. It is built once per version and account, and kept.
func template(den string, progs Programs, who account) (string, error) {
	dir := filepath.Join(den, fmt.Sprintf("template-%s-%s-%d", progs.Version, templateRecipe, who.uid))
	lock, err := lockFile(dir+".lock", syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	// Built under another name and renamed: a crash leaves no half template.
	unfinished := dir + ".tmp"
	if err := os.RemoveAll(unfinished); err != nil {
		return "", err
	}
	if err := who.mkdir(unfinished); err != nil {
		return "", err
	}
	if err := buildTemplate(unfinished, progs, who); err != nil {
		return "", err
	}
	return dir, os.Rename(unfinished, dir)
}

func buildTemplate(dir string, progs Programs, who account) error {
	initdb := func(locale string) error {
		return run(who, "", progs.path("initdb"), "-D", dir, "-N", "-A", "trust",
			"-U", Superuser, "-E", "UTF8", "--locale="+locale)
	}
	// Not every system has C.UTF-8; both sort by code point.
	if err := initdb("C.UTF-8"); err != nil {
		if err := initdb("C"); err != nil {
			return err
		}
	}
	return run(who, "CREATE DATABASE "+spareDatabase+"\n",
		progs.path("postgres"), "--single", "-F", "-D", dir, "template1")
}

// run runs a program as the account and returns its output as the error.
func run(who account, stdin, program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = cleanEnv()
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: who.credential()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, out)
	}
	return nil
}
