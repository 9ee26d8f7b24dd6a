package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// followed is a Source under Follow, and what came of it.
type followed struct {
	mu    sync.Mutex
	lists []string
	words []string // of trouble; "" is that all is well again
	news  chan struct{}
	end   func()
}

func follow(t *testing.T, src Source) *followed {
	ctx, stop := context.WithCancel(t.Context())
	f := &followed{news: make(chan struct{}, 1000)}
	var running sync.WaitGroup
	running.Go(func() { Follow(ctx, src, f.found, f.trouble) })
	f.end = func() { stop(); running.Wait() }
	t.Cleanup(f.end)
	return f
}

func (f *followed) found(list []upstream.Target) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists = append(f.lists, show(list))
	f.news <- struct{}{}
	return nil
}

func (f *followed) trouble(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.words = append(f.words, strings.TrimPrefix(fmt.Sprint(err), "<nil>"))
	f.news <- struct{}{}
}

// show is a list on one line.
func show(list []upstream.Target) string {
	var words []string
	for _, t := range list {
		w := t.Addr
		if t.Weight != 0 {
			w += fmt.Sprint("*", t.Weight)
		}
		if t.Priority != 0 {
			w += fmt.Sprint("!", t.Priority)
		}
		for _, more := range []string{t.Zone, t.Name} {
			if more != "" {
				w += "/" + more
			}
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// await waits until the latest list is want.
func (f *followed) await(t *testing.T, want string) {
	t.Helper()
	f.until(t, "list "+want, func() bool { return len(f.lists) > 0 && f.lists[len(f.lists)-1] == want })
}

// hear waits until a failure was told that contains want.
func (f *followed) hear(t *testing.T, want string) {
	t.Helper()
	f.until(t, "trouble "+want, func() bool {
		return slices.ContainsFunc(f.words, func(w string) bool { return strings.Contains(w, want) })
	})
}

func (f *followed) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		f.mu.Lock()
		ok, state := is(), fmt.Sprintf("lists %q, trouble %q", f.lists, f.words)
		f.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-f.news:
		case <-late:
			t.Fatalf("no %s: %s", what, state)
		}
	}
}

func ports(ports ...int) []upstream.Target {
	var list []upstream.Target
	for _, p := range ports {
		list = append(list, upstream.Target{Addr: net.JoinHostPort("10.0.0.1", fmt.Sprint(p))})
	}
	return list
}

// script is a Source that says one thing after another, a second apart.
type script struct{ next func() (any, bool) }

func (s script) Watch(ctx context.Context, found func([]upstream.Target)) error {
	for {
		said, more := s.next()
		if !more {
			<-ctx.Done()
			return ctx.Err()
		}
		time.Sleep(time.Second)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err, failed := said.(error); failed {
			return err
		}
		found(said.([]upstream.Target))
	}
}

// TestFollow holds that only news is told: no list twice, no order of a list,
// no failure twice, and neither an empty list nor a failure takes servers away.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("registry away")
		says := []any{ports(2, 1), ports(1, 2), ports(1, 2, 2), away, away, ports(1, 2), []upstream.Target{}, ports(3)}
		at := 0
		f := follow(t, script{func() (any, bool) {
			if at == len(says) {
				return nil, false
			}
			at++
			return says[at-1], true
		}})
		time.Sleep(time.Minute)
		f.end()
		wantLists := []string{"10.0.0.1:1 10.0.0.1:2", "10.0.0.1:3"}
		if !slices.Equal(f.lists, wantLists) {
			t.Errorf("lists %q, want %q", f.lists, wantLists)
		}
		wantWords := []string{"registry away", "", errEmpty.Error(), ""}
		if !slices.Equal(f.words, wantWords) {
			t.Errorf("trouble %q, want %q", f.words, wantWords)
		}
	})
}

// TestFollowPauses holds that a registry that is away is asked ever less
// often, but at least each longestPause.
func TestFollowPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		f := follow(t, script{func() (any, bool) { asked++; return errors.New("away"), true }})
		time.Sleep(10 * time.Minute)
		f.end()
		// A second for each question of the script, then a pause of 5 to 10 s.
		if asked < 600/11 || asked > 600/6+8 {
			t.Errorf("asked %d times in 10 minutes", asked)
		}
	})
}

// TestFollowRefused holds that a list that the pool refuses is tried again.
func TestFollowRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		refused, words := 0, []string{}
		Follow(ctx, script{func() (any, bool) { return ports(1), true }},
			func([]upstream.Target) error {
				if refused++; refused < 3 {
					return errors.New("too many servers")
				}
				return nil
			},
			func(err error) { words = append(words, fmt.Sprint(err)) })
		if refused != 3 || !slices.Equal(words, []string{"too many servers", "<nil>"}) {
			t.Errorf("%d tries, trouble %q", refused, words)
		}
	})
}

func TestParseLine(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"10.0.0.7:8080", "10.0.0.7:8080"},
		{" [::1]:80\tweight=3 zone=b name=w1 ", "[::1]:80*3/b/w1"},
		{"w1", `"w1" is not host:port`},
		{":80", `":80" is not host:port`},
		{"w1:0", `"w1:0": port "0" is not a number from 1 to 65535`},
		{"w1:http", `"w1:http": port "http" is not a number from 1 to 65535`},
		{"w1:80 weight=0", `w1:80: weight "0" is not a number from 1`},
		{"w1:80 wieght=2", `w1:80: "wieght": only weight, zone and name may follow an address`},
		{"w1:80 backup", `w1:80: "backup" is not of the form key=value`},
	} {
		got := ""
		target, err := parseLine(c.line)
		if err != nil {
			got = err.Error()
		} else {
			got = show([]upstream.Target{target})
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.line, got, c.want)
		}
	}
}
