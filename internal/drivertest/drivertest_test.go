package drivertest

import (
	"path/filepath"
	"testing"

	"github.com/wyeproxy/wye/internal/testpg"
)

const folder = "../../testdata/drivers"

func plain(t *testing.T) Target {
	t.Helper()
	c := testpg.Start(t, testpg.Options{Name: "drivers"})
	return Target{Host: "127.0.0.1", Port: c.Primary.Addr()[len("127.0.0.1:"):], Database: "app", User: "app", Password: "app"}
}

// Every driver on a plain PostgreSQL: what fails here is a fault of the script.
func TestDriversOnPostgreSQL(t *testing.T) {
	target := plain(t)
	for _, s := range Scripts {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel() // each has tables of its own
			s.Run(t, folder, target)
		})
	}
	for _, d := range Drivers {
		t.Run(d.Name, func(t *testing.T) { d.Run(t, target) })
	}
}

// A script that nobody runs tests nothing.
func TestEveryScriptIsListed(t *testing.T) {
	listed := map[string]bool{"checks.py": true} // what the Python scripts share
	for _, s := range Scripts {
		listed[s.file] = true
	}
	files, err := filepath.Glob(folder + "/*.*")
	if err != nil || len(files) != len(listed) {
		t.Errorf("%d files, %d listed, %v", len(files), len(listed), err)
	}
	for _, f := range files {
		if !listed[filepath.Base(f)] {
			t.Errorf("%s is in no list", f)
		}
	}
}
