package session

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/stats"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Mode is for how long a client keeps a server conn.
type Mode int

// The pool modes.
const (
	Transaction Mode = iota // until the transaction ends
	Wholly                  // until the client leaves ("session")
	Statement               // until the statement ends; transactions are refused
)

// Env is what all sessions of the process share.
type Env struct {
	SQL        *sqlparse.Reader
	Statements *connpool.Statements
	Registry   *Registry
	Hangups    *protocol.Hangups
	Log        *slog.Logger
}

// Settings are what the configuration says about one client. They may be
// replaced between requests.
type Settings struct {
	Mode              Mode
	RefusePins        bool   // what cannot be multiplexed is refused, not pinned
	Role              string // that server conns are logged in as, "" = the client's user
	QueryTimeout      time.Duration
	IdleInTransaction time.Duration
	TransactionLimit  time.Duration
	ClientIdle        time.Duration
	Reads             Reads
	Route             router.Route // of the user; the listener's is given to New
	Keep              *Keep        // nil: the cluster keeps no answers
}

// Session is one logged-in client. All fields without a note belong to the
// goroutine of Run.
type Session struct {
	ID      uint64
	Key     []byte // secret for cancel requests
	PID     uint32
	Since   time.Time
	lasting Mode // see mode

	env      *Env
	client   *protocol.ClientConn
	pool     *connpool.Pool // at the primary
	servers  Servers
	route    router.Route // of the listener
	counts   *stats.Pool
	tally    stats.Tally
	settings *atomic.Pointer[Settings] // of the pool; a reload replaces what it points to

	state   state // see state.go
	conn    *connpool.Conn
	replica *Reader        // where conn is; nil: at the primary
	last    *connpool.Conn // the conn before, for currval() after nextval()
	t       *traffic       // nil while there is nothing to answer
	waiter  connpool.Waiter

	shards *sharding // on a sharded cluster, else nil

	startup  connpool.Params // what RESET goes back to
	params   connpool.Params // what the client has set, startup included
	planning connpool.Params // the part that prepared statements depend on
	told     connpool.Params // ParameterStatus values that the client knows
	seen     connpool.Params // the told values that odd was decided by
	odd      oddity          // see oddities

	statements map[string]*statement // protocol-level prepared statements, by the client's name
	unnamed    unnamed
	portal     *statement            // of the unnamed portal, while a batch or transaction lasts
	portalRead *sqlparse.Statement   // what it runs, where portal is nil because running it does nothing to the session
	portals    map[string]*statement // of the named ones
	pins       pinSet
	change     change // what the current transaction did to the session
	tx         tx     // what the client believes of it, where no server knows

	splits  bool              // reads may go to replicas, as of the last batch
	noting  bool              // what is written is noted, as of the last batch
	wish    *wish             // what params say about that
	home    *Reader           // that was read from last, nil = the primary
	wrote   freshness.Instant // when the session's last write was acknowledged
	looked  freshness.Instant // when it last had an answer
	vouched freshness.Instant // what a token that the client gave stands for
	written *written          // what the current transaction has changed
	defined bool              // it has changed what statements mean
	keyed   keyed

	idleStatus byte          // transaction status that the client was last told
	requestAt  time.Duration // when the request was complete, see now
	xactAt     time.Duration // when the conn was borrowed

	// Read and written by other goroutines.
	running   atomic.Pointer[connpool.Conn] // set while the client's own work runs: the target of cancels
	waitingIn atomic.Pointer[connpool.Pool] // set while queued
	verdict   atomic.Pointer[verdict]       // why the session is to end
	watch     watched
	shown     shown

	timedOut time.Duration // now() of the last cancel for a time limit; of Enforce's goroutine
}

// traffic is what a session needs only while requests are under way. It is
// pooled, so that an idle client costs little.
type traffic struct {
	queue   queue
	out     []byte           // messages for the server
	flushed int              // how many bytes of out have been sent
	answer  *protocol.Buffer // what the server sends
	scan    int              // bytes at the front of answer that have been looked at and go to the client
	pass    int              // bytes of the current frame still to come, which go to the client unseen
	edited  *protocol.Buffer // an answer that differs from what the server sent
	heldZ   bool             // ReadyForQuery was taken out of the answer: there is work to do before it

	batch     uint64      // number of the batch, for the prepared set
	skipping  bool        // an error was answered: everything up to Sync is ignored
	copying   bool        // the server has asked for copy data
	feeding   bool        // the client is sending it
	rest      int         // bytes of the client's current frame that the server still waits for
	relayed   bool        // the client got something of this batch
	sent      bool        // the server has something of this batch already
	unsynced  bool        // extended messages were sent, and no Sync was answered since
	broken    bool        // the client sent what PostgreSQL closes a connection for
	stopped   atomic.Bool // the pump ended on its own
	retried   bool        // this batch is being replayed
	replay    replay      // what to do when the batch has failed in a way that a new Parse heals
	began     byte        // transaction status when the batch began
	executed  int         // messages of the batch that run a statement
	completed int         // statements of the batch that were completed
	fatal     *pgerror.Error
	course    course
	fill      *filling // an answer that is to be kept; nil: this one is not
	key       []byte   // what it is, or was, to be kept under

	// On a sharded cluster:
	routed     bool // it is decided where the batch goes
	byGang     bool // the gang takes it
	gangFailed bool // and has failed in it
	executes   int  // how many statements it runs
	order      *order
	first      *sqlparse.Statement // of the batch's first message, if that is a Parse which has been looked at
	args       []plan.Arg          // of the Bind that is looked at; empty in between
}

var traffics = sync.Pool{New: func() any { return new(traffic) }}

// New makes a session for a client that has proved who it is; startup is
// what its startup packet sets. Open comes next.
func New(env *Env, client *protocol.ClientConn, pool *connpool.Pool, servers Servers, route router.Route, counts *stats.Pool, settings *atomic.Pointer[Settings], startup connpool.Params) *Session {
	s := &Session{
		ID: env.Registry.NextID(), Since: time.Now(), env: env, client: client, pool: pool, servers: servers, route: route, counts: counts, settings: settings,
		startup: startup, params: startup, planning: startup.Planning(), idleStatus: protocol.TxIdle,
	}
	s.lasting = settings.Load().Mode
	s.waiter.Session = s.ID
	s.wish = wishOf(startup)
	set := settings.Load()
	s.splits = set.Reads.Replicas // also in session mode, which routes nothing: others read what it writes
	s.noting = s.splits || set.Keep != nil
	s.shown.application, _ = startup.Get("application_name")
	return s
}

// traffic returns the session's traffic, borrowed at the first need.
func (s *Session) traffic() *traffic {
	if s.t == nil {
		s.t = traffics.Get().(*traffic)
	}
	return s.t
}

// dropTraffic gives it back, when nothing is under way.
func (s *Session) dropTraffic() {
	t := s.t
	if t == nil {
		return
	}
	s.t = nil
	t.queue.reset()
	out, entries := t.out[:0], t.queue.entries
	if cap(out) > maxKeptOut {
		out = nil
	}
	if t.answer != nil {
		t.answer.Release()
	}
	if t.edited != nil {
		t.edited.Release()
	}
	t.abandonFill()
	*t = traffic{out: out, queue: queue{entries: entries}, args: t.args, key: t.key}
	traffics.Put(t)
}

// maxKeptOut is the capacity of a request buffer that is kept for the next
// request, in bytes.
const maxKeptOut = 64 << 10

// mode is the session's pool mode. A reload does not change it: what the
// session has done to its conn so far was done in this mode.
func (s *Session) mode() Mode { return s.lasting }

// User is the client's.
func (s *Session) User() string {
	if s.shards != nil {
		return s.shards.all.User
	}
	return s.pool.User
}

// Database is the one that the client asked for.
func (s *Session) Database() string {
	if s.shards != nil {
		return s.shards.all.Database
	}
	return s.pool.Database
}
