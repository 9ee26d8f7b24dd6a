package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/freshness"
)

// asker asks the servers of one fleet on behalf of its watcher, over one kept
// connection each. It implements watch.Asker.
type asker struct {
	fleet *fleet
	kept  []keptConn // by node
}

// keptConn is the connection to one server. The watcher's goroutine for that
// server owns conn and failures; lock guards conn against close.
type keptConn struct {
	lock     sync.Mutex
	conn     *protocol.ServerConn
	unwatch  func()
	closed   bool
	failures int
	outcome  atomic.Int32
}

// What came of the last question.
const (
	neverAsked int32 = iota
	didAnswer
	didRefuse // the login: it lives, and does not know us
	didFail
)

// maxProbeLogins is how many credentials one question tries.
const maxProbeLogins = 3

// errNoLogin: nobody has logged in yet whose credential a probe could use.
var errNoLogin = errors.New("no credential to look with: health.user is not set, and no client has logged in yet")

// Ask implements watch.Asker.
func (a *asker) Ask(ctx context.Context, node int, sql string) ([][]string, error) {
	k := &a.kept[node]
	conn, fresh := k.conn, false
	sent := freshness.Now()
	var err error
	if conn == nil {
		fresh = true
		if conn, err = a.dial(ctx, node); err == nil {
			err = a.keep(node, conn)
		}
	}
	var rows [][]string
	if err == nil {
		rows, err = askRows(ctx, conn, sql)
	}
	a.judge(node, fresh, err, sent)
	return rows, err
}

// judge notes what came of a question. Conns to a server that is gone beyond
// doubt are of no use to anybody.
func (a *asker) judge(node int, fresh bool, err error, sent freshness.Instant) {
	k := &a.kept[node]
	var said *pgerror.Error
	switch {
	case err == nil:
		k.failures = 0
		k.outcome.Store(didAnswer)
		a.fleet.passed(node, sent)
		return
	case errors.As(err, &said) && !unreachable(err):
		k.outcome.Store(didRefuse)
		return
	case !fresh && !isTimeout(err):
		return // the kept connection only: the watcher asks again
	case isTimeout(err):
		k.failures++
	default:
		k.failures = a.fleet.health.Fall
	}
	k.outcome.Store(didFail)
	if k.failures == a.fleet.health.Fall {
		a.fleet.gone(node)
	}
}

// blind reports whether every server was asked and none has answered.
func (a *asker) blind() bool {
	for i := range a.kept {
		if o := a.kept[i].outcome.Load(); o == neverAsked || o == didAnswer {
			return false
		}
	}
	return true
}

// dial logs in to a server with the first credential that it takes. A
// refused login is no sign of death: it counts as a server without a
// connection to spare.
func (a *asker) dial(ctx context.Context, node int) (*protocol.ServerConn, error) {
	conn, err := a.fleet.cluster.visit(ctx, a.fleet.nodes[node], &a.fleet.login)
	var said *pgerror.Error
	if errors.As(err, &said) && (strings.HasPrefix(said.Code, "28") || strings.HasPrefix(said.Code, "3D") || said.Code == pgerror.InsufficientPrivilege) {
		return nil, fmt.Errorf("the login is refused: %w", pgerror.New(pgerror.InsufficientResources, said.Message))
	}
	return conn, err
}

// keep keeps a connection, and has its end noticed.
func (a *asker) keep(node int, conn *protocol.ServerConn) error {
	k := &a.kept[node]
	k.lock.Lock()
	defer k.lock.Unlock()
	if k.closed {
		_ = conn.Close()
		return net.ErrClosed
	}
	k.conn = conn
	k.unwatch = a.fleet.cluster.hangups.Watch(conn.NetConn(), func() { a.fleet.suspect(node) })
	return nil
}

// Drop implements watch.Asker.
func (a *asker) Drop(node int) {
	k := &a.kept[node]
	k.lock.Lock()
	defer k.lock.Unlock()
	if k.conn != nil {
		k.unwatch()
		_ = k.conn.Close()
		k.conn = nil
	}
}

// close drops all connections for good; the watcher has ended.
func (a *asker) close() {
	for i := range a.kept {
		a.kept[i].lock.Lock()
		a.kept[i].closed = true
		a.kept[i].lock.Unlock()
		a.Drop(i)
	}
}

// visit logs in to one server for questions of wye's own. login remembers
// which of the possible logins worked last.
func (c *cluster) visit(ctx context.Context, node config.Node, login *atomic.Uint32) (*protocol.ServerConn, error) {
	return c.visitAs(ctx, node, login, []protocol.Param{{Name: "application_name", Value: "wye watch"}})
}

// visitAs is visit with more to say at the login.
func (c *cluster) visitAs(ctx context.Context, node config.Node, login *atomic.Uint32, extra []protocol.Param) (*protocol.ServerConn, error) {
	r := c.route.Load()
	logins := c.logins(r)
	err := errNoLogin
	first := int(login.Load())
	for i := range min(len(logins), maxProbeLogins) {
		n := (first + i) % len(logins)
		var conn *protocol.ServerConn
		conn, err = protocol.Dial(ctx, logins[n].dialOptions(r, node, extra))
		if err == nil {
			login.Store(uint32(n))
			return conn, nil
		}
		var said *pgerror.Error
		if !errors.As(err, &said) || unreachable(err) {
			return nil, err
		}
		login.Store(uint32(n + 1))
	}
	return nil, err
}

// logins are the credentials that wye has for its own questions, the best
// first.
func (c *cluster) logins(r *route) []*servers {
	var list []*servers
	add := func(user, password string) {
		d := &servers{cluster: c, user: user, asks: true}
		d.credential.Store(auth.PasswordCredential(password))
		list = append(list, d)
	}
	if h := r.cluster.Health; h.User != "" {
		add(h.User, h.Password.Reveal())
	}
	if b := r.cluster.Backend; b.User != config.SameUser {
		add(b.User, b.Password.Reveal())
	}
	if q := r.cluster.AuthQuery; q != nil {
		add(q.User, q.Password.Reveal())
	}
	pools := c.all()
	for _, user := range slices.Sorted(maps.Keys(pools)) {
		if p := pools[user]; p.welcome.Load() {
			list = append(list, p.servers)
		}
	}
	return list
}

// unreachable reports whether an error means that a server is not there, or
// is going or coming; else it is there and has said something.
func unreachable(err error) bool {
	var said *pgerror.Error
	if errors.As(err, &said) {
		return strings.HasPrefix(said.Code, "57P")
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || protocol.IsTimeout(err)
}
