package stats

import "sync/atomic"

// LoginResult says how a client's visit at the gate ended.
type LoginResult int

// The results of a login. A cancel request and a health check that closes at
// once are no logins.
const (
	LoginOK      LoginResult = iota
	LoginFailed              // wrong password, unknown user, no right to the database (class 28, 3D000)
	LoginRefused             // over a limit or draining (53300, 57P03)
	LoginTimeout             // not done within the login timeout
	LoginBroken              // bytes that are not the protocol, TLS failure, client gone
	loginResults
)

var loginNames = [loginResults]string{"ok", "failed", "refused", "timeout", "broken"}

// String is the metric's label.
func (r LoginResult) String() string { return loginNames[r] }

// Gate counts visits before they have a pool. The zero value is ready; safe
// for concurrent use.
type Gate struct {
	logins  [loginResults]atomic.Int64
	cancels atomic.Int64
}

// Login counts one login.
func (g *Gate) Login(r LoginResult) { g.logins[r].Add(1) }

// Cancel counts one cancel request, whether or not its key was known.
func (g *Gate) Cancel() { g.cancels.Add(1) }

// GateCounts is a Gate at one moment.
type GateCounts struct {
	Logins  [loginResults]int64 // indexed by LoginResult
	Cancels int64
}

// Read copies the counters out.
func (g *Gate) Read() GateCounts {
	c := GateCounts{Cancels: g.cancels.Load()}
	for i := range g.logins {
		c.Logins[i] = g.logins[i].Load()
	}
	return c
}
