package discover

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// etcdServer is a real one, from Debian's package, that a test kills and
// starts again.
type etcdServer struct {
	t         *testing.T
	dir       string
	url, peer string
	cmd       *exec.Cmd
}

func startEtcd(t *testing.T) *etcdServer {
	e := &etcdServer{t: t, dir: t.TempDir(), url: freeURL(t), peer: freeURL(t)}
	e.start()
	t.Cleanup(e.kill)
	return e
}

func freeURL(t *testing.T) string {
	t.Helper()
	port, err := testpg.FreePort() // not of those that outgoing connections get while etcd is restarted
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

func (e *etcdServer) start() {
	e.t.Helper()
	e.cmd = exec.Command("etcd", "--data-dir", e.dir, "--listen-client-urls", e.url, "--advertise-client-urls", e.url,
		"--listen-peer-urls", e.peer, "--initial-advertise-peer-urls", e.peer, "--initial-cluster", "default="+e.peer, "--log-level", "error")
	e.cmd.Stderr = os.Stderr
	if err := e.cmd.Start(); err != nil {
		e.t.Fatalf("etcd (Debian's etcd-server) does not start: %v", err)
	}
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(e.url + "/health")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			e.t.Fatalf("etcd is not healthy: %v", err)
		}
	}
}

func (e *etcdServer) kill() {
	_ = e.cmd.Process.Kill()
	_ = e.cmd.Wait()
}

// call speaks to it as a server that registers itself does.
func (e *etcdServer) call(path string, ask any) map[string]any {
	e.t.Helper()
	m := etcdMember{url: e.url}
	var answer map[string]any
	ctx, stop := context.WithTimeout(e.t.Context(), 30*time.Second)
	defer stop()
	if err := m.call(ctx, path, ask, &answer); err != nil {
		e.t.Fatal(err)
	}
	return answer
}

func (e *etcdServer) put(key, value string, more ...any) {
	e.t.Helper()
	ask := map[string]any{"key": []byte(key), "value": []byte(value)}
	for i := 0; i < len(more); i += 2 {
		ask[more[i].(string)] = more[i+1]
	}
	e.call("/v3/kv/put", ask)
}

func (e *etcdServer) remove(key string) {
	e.t.Helper()
	e.call("/v3/kv/deleterange", map[string]any{"key": []byte(key)})
}

func TestEtcd(t *testing.T) {
	e := startEtcd(t)
	e.put("web/1", "10.0.0.1:80 weight=2 zone=b")
	e.put("webb/1", "10.9.9.9:80") // below another prefix
	f := follow(t, Etcd{URLs: []string{"http://127.0.0.1:1", e.url + "/"}, Prefix: "web/"})
	f.await(t, "10.0.0.1:80*2/b")

	e.put("web/2", `{"Op":0,"Addr":"10.0.0.2:80","Metadata":null}`)
	f.await(t, "10.0.0.1:80*2/b 10.0.0.2:80")
	e.remove("web/1")
	f.await(t, "10.0.0.2:80")

	lease := e.call("/v3/lease/grant", map[string]any{"TTL": 2})["ID"]
	e.put("web/3", "10.0.0.3:80", "lease", lease)
	f.await(t, "10.0.0.2:80 10.0.0.3:80")
	f.await(t, "10.0.0.2:80") // its lease ended

	e.put("web/4", "nonsense")
	f.hear(t, `key web/4: "nonsense" is not host:port`)
	e.remove("web/4")
	e.put("web/5", "10.0.0.5:80")
	f.await(t, "10.0.0.2:80 10.0.0.5:80")

	e.kill()
	f.hear(t, "etcd "+e.url)
	e.start()
	e.remove("web/2")
	f.await(t, "10.0.0.5:80")
}

// TestEtcdBounded holds that a watch that says nothing is given up in time, and
// that nothing is missed between two watches.
func TestEtcdBounded(t *testing.T) {
	e := startEtcd(t)
	e.put("w/0", "10.0.0.1:1")
	f := follow(t, Etcd{URLs: []string{e.url}, Prefix: "w/", Again: 20 * time.Millisecond})
	for i := range 30 {
		e.put("w/0", fmt.Sprint("10.0.0.1:", i+1))
		f.await(t, fmt.Sprint("10.0.0.1:", i+1))
		time.Sleep(3 * time.Millisecond)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.words) > 0 {
		t.Errorf("trouble %q where there was none", f.words)
	}
}

func TestEtcdMessages(t *testing.T) {
	for _, c := range []struct{ heard, want string }{
		{`{"result":{"header":{"revision":"5"},"created":true}}{"result":{"events":[{"kv":{"key":"YQ=="}}]}}`, ""},
		{`{"result":{"canceled":true,"compact_revision":"9"}}`, "watch ended: compacted"},
		{`{"result":{"canceled":true,"cancel_reason":"no leader"}}`, "watch ended: no leader"},
		{`{"error":{"grpc_code":14,"message":"unavailable"}}`, "unavailable"},
		{`{"result":{"created":true}}`, "EOF"},
	} {
		got := ""
		if err := heardOf(json.NewDecoder(strings.NewReader(c.heard))); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.heard, got, c.want)
		}
	}
	for prefix, want := range map[string]string{"web/": "web0", "a\xff": "b", "\xff\xff": "\x00", "": "\x00"} {
		if got := string(after(prefix)); got != want {
			t.Errorf("the range of %q ends at %q, want %q", prefix, got, want)
		}
	}
}
