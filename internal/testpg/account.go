package testpg

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is who the server programs run as. PostgreSQL refuses to run as
// root, so root steps down to an unprivileged user; anyone else stays.
type account struct {
	uid, gid int
	drop     bool // whether children must change to it
}

// lesser are the users root steps down to, best first.
var lesser = []string{"postgres", "nobody"}

func findAccount() (account, error) {
	if uid := os.Getuid(); uid != 0 {
		return account{uid: uid, gid: os.Getgid()}, nil
	}
	for _, name := range lesser {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil {
			return account{uid: uid, gid: gid, drop: true}, nil
		}
	}
	return account{}, fmt.Errorf("postgres refuses to run as root, and none of the users %v exists here", lesser)
}

// credential is nil when children run as ourselves.
func (a account) credential() *syscall.Credential {
	if !a.drop {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// own gives a path to the account.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// mkdir makes a folder that only the account (and root) can enter: PostgreSQL
// insists on 0700 or 0750 for its data.
func (a account) mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return a.own(path)
}

// write puts text into a file that belongs to the account.
func (a account) write(path string, text []byte, mode os.FileMode) error {
	if err := os.WriteFile(path, text, mode); err != nil {
		return err
	}
	return a.own(path)
}
