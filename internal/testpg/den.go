package testpg

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// denName is the folder, one per user, that holds lairs, templates and kept
// logs.
func denName() string { return fmt.Sprintf("wye-testpg-%d", os.Getuid()) }

// den returns the folder for a new cluster, after sweeping all that there
// are. Memory is preferred where there is plenty: a data folder is 1 300
// small files, and ext4 takes a second to create them again shortly after
// others were deleted (it looks past each recently deleted inode).
func den() (string, error) {
	places := []string{tempDir()}
	if dir := roomyMemory(); dir != "" && os.Getenv("TMPDIR") == "" {
		places = append([]string{dir}, places...)
	}
	for _, place := range places {
		if dir := filepath.Join(place, denName()); isOurs(dir) {
			if err := sweepLocked(dir); err != nil {
				return "", err
			}
		}
	}
	return openDen(places[0])
}

// openDen makes the folder where it is missing. Anything odd about its owner
// or mode is refused: the name is guessable and the place is shared.
func openDen(place string) (string, error) {
	dir := filepath.Join(place, denName())
	if err := os.Mkdir(dir, 0o711); err != nil && !os.IsExist(err) {
		return "", err
	}
	if !isOurs(dir) {
		return "", fmt.Errorf("%s is not a folder of ours alone; remove it", dir)
	}
	return dir, nil
}

func isOurs(dir string) bool {
	fi, err := os.Lstat(dir)
	if err != nil {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && fi.IsDir() && int(st.Uid) == os.Getuid() && fi.Mode().Perm()&0o022 == 0
}

// tempDir prefers TMPDIR, unless the socket's path would outgrow the 107
// bytes of sockaddr_un or root's lesser account could not reach it.
func tempDir() string {
	dir := os.TempDir()
	if len(dir) > 40 || (os.Getuid() == 0 && !reachableByAll(dir)) {
		return "/tmp"
	}
	return dir
}

func reachableByAll(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		fi, err := os.Stat(dir)
		if err != nil || fi.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
