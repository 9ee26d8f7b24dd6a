package testpg

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCloseLeavesNothing(t *testing.T) {
	c, err := Boot(testContext(t), Options{Replicas: 1})
	if err != nil {
		t.Fatal(err)
	}
	c.Replicas[0].Stop() // the hard case: it cannot answer a request to quit
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	assertGone(t, c.lair.dir)
}

func assertGone(t *testing.T, dir string) {
	t.Helper()
	token := strings.TrimPrefix(filepath.Base(dir), lairPrefix)
	if left := serversOf(dir+"/", "@"+token); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left", dir)
	}
}

// bootAndWait is the process that TestKilledOwner kills.
func bootAndWait() {
	c, err := Boot(context.Background(), Options{Replicas: 1})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	if os.Getenv(abandonVariable) == "frozen" {
		c.Primary.Stop()
	}
	fmt.Println(c.lair.dir)
	select {}
}

func TestKilledOwner(t *testing.T) {
	for _, state := range []string{"running", "frozen"} {
		t.Run(state, func(t *testing.T) {
			dir := abandoned(t, state)
			token := strings.TrimPrefix(filepath.Base(dir), lairPrefix)
			began := time.Now()
			for state == "running" && len(serversOf(dir+"/", "@"+token)) > 0 {
				if time.Since(began) > 30*time.Second {
					t.Fatal("servers outlived their owner by 30 s")
				}
				time.Sleep(poll)
			}
			t.Logf("servers gone %v after the owner", time.Since(began).Round(time.Millisecond))
			Start(t, Options{})
			assertGone(t, dir)
		})
	}
}

// abandoned boots a cluster in another process, kills that and returns the
// folder left behind.
func abandoned(t *testing.T, state string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), abandonVariable+"="+state)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "/") {
		t.Fatalf("the process said %q, %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as ordered
	return strings.TrimSpace(line)
}
