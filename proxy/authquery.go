package proxy

import (
	"fmt"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/stats"
)

// foundSecret is an answer of auth_query.
type foundSecret struct {
	secret auth.Secret
	until  time.Time
}

// maxSecrets bounds how many answers are kept: clients choose the names.
const maxSecrets = 10000

// lookUp asks the cluster's servers for a user's stored password. The zero
// Secret means that there is no such user. It runs on conns of its own, as
// the role of auth_query, before anything that the client sent is applied to
// a server (CVE-2025-12819).
func (c *cluster) lookUp(user string) (auth.Secret, error) {
	q := c.route.Load().cluster.AuthQuery
	if q == nil {
		return auth.Secret{}, nil
	}
	c.mu.Lock()
	found, ok := c.secrets[user]
	c.mu.Unlock()
	if ok && time.Now().Before(found.until) {
		return found.secret, nil
	}
	secret, err := c.ask(user, q.Query)
	if err != nil {
		return auth.Secret{}, fmt.Errorf("auth_query of cluster %s: %w", c.name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.secrets) >= maxSecrets {
		clear(c.secrets)
	}
	c.secrets[user] = foundSecret{secret, time.Now().Add(q.Cache)}
	return secret, nil
}

// forgetSecret drops a cached answer: the password may have changed.
func (c *cluster) forgetSecret(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.secrets, user)
}

// forgetLookUps drops all answers and the conns that gave them, when the
// configuration has changed.
func (c *cluster) forgetLookUps() {
	c.mu.Lock()
	pool := c.auth
	c.auth = nil
	clear(c.secrets)
	c.mu.Unlock()
	if pool != nil {
		pool.Close()
	}
}

func (c *cluster) ask(user, query string) (auth.Secret, error) {
	p := c.authPool()
	conn, err := p.Acquire(&connpool.Waiter{Session: c.nextID()})
	if err != nil {
		return auth.Secret{}, err
	}
	defer p.Release(conn)
	secret := auth.Secret{}
	var bad error
	_, err = conn.Ask(protocol.AppendTextQuery(nil, query, &user), func(i int, v []byte) {
		switch {
		case i != 1:
		case v == nil:
			secret = auth.NoPassword()
		default:
			secret, bad = auth.ParseSecret(string(v))
		}
	})
	if err == nil {
		err = bad
	}
	return secret, err
}

// authQueryConns is how many look-ups run at a time.
const authQueryConns = 4

func (c *cluster) authPool() *userPool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.auth != nil {
		return c.auth
	}
	r := c.route.Load()
	q := r.cluster.AuthQuery
	d := &servers{cluster: c, user: q.User, asks: true}
	d.credential.Store(auth.PasswordCredential(q.Password.Reveal()))
	limits := limitsOf(r.cluster.Pool, nil)
	limits.Size, limits.Min, limits.Reserve = authQueryConns, 0, 0
	c.auth = &userPool{cluster: c, servers: d, counts: new(stats.Pool)}
	c.auth.readers.Store(new(map[string]*reader))
	c.auth.Pool = connpool.NewPool(c.name, q.User, limits, d, c.hangups, c.nextID)
	return c.auth
}
