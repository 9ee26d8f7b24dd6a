package discover

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFile changes a file in all the ways that people and machines do it.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "servers")
	write := func(to, text string) {
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	write(path, "# web\n10.0.0.2:80 weight=2 # the large one\n\n10.0.0.1:80\n")
	f := follow(t, File{Path: path, Every: 5 * time.Millisecond})
	f.await(t, "10.0.0.1:80 10.0.0.2:80*2")

	write(path, "10.0.0.1:80\n") // in place
	f.await(t, "10.0.0.1:80")

	write(path+".new", "10.0.0.3:80\n")
	must(os.Rename(path+".new", path)) // as editors do
	f.await(t, "10.0.0.3:80")

	must(os.Remove(path))
	f.hear(t, "no such file")
	// As Kubernetes does: the file is a link through a folder that is replaced.
	for _, version := range []string{"1", "2"} {
		must(os.Mkdir(filepath.Join(dir, "v"+version), 0o700))
		write(filepath.Join(dir, "v"+version, "servers"), "10.0.1."+version+":80\n")
	}
	must(os.Symlink("v1", filepath.Join(dir, "data")))
	must(os.Symlink("data/servers", path))
	f.await(t, "10.0.1.1:80")
	must(os.Symlink("v2", filepath.Join(dir, "data.new")))
	must(os.Rename(filepath.Join(dir, "data.new"), filepath.Join(dir, "data")))
	f.await(t, "10.0.1.2:80")

	must(os.Remove(path))
	write(path, "10.0.0.4:80\n10.0.0.5\n") // one bad line: nothing of it counts
	f.hear(t, `servers:2: "10.0.0.5" is not host:port`)
	f.await(t, "10.0.1.2:80")
	write(path, "\n# nobody\n")
	f.hear(t, "it lists no servers")
	f.await(t, "10.0.1.2:80")
	write(path, strings.Repeat("#", maxFile+1))
	f.hear(t, "larger than")
}
