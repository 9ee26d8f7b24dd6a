package archtest

// room is one package of ours and those of ours it may import. A name ending
// in "/..." stands for the folder and all below it; so does it as an import.
type room struct {
	name string
	may  []string
	why  string
}

// rooms is house.md section 2. A package without a row is refused.
var rooms = []room{
	{"protocol/pgerror", nil, "a leaf: everyone raises errors"},
	{"shards/shardfunc", nil, "pure arithmetic, comparable with PostgreSQL's own"},
	{"router/catalog", nil, "a snapshot of names; it knows nobody who uses it"},
	{"cache", nil, "bytes in, bytes out; it cannot tell SQL from HTTP"},
	{"proxy/stats", nil, "a leaf: everyone counts"},
	{"proxy/walchanges", nil, "text of the log in, names out"},
	{"proxy/freshness", nil, "one clock for reads, replicas and cache; it must not depend on any of them"},

	{"protocol/proxyheader", nil, "bytes in, addresses out"},
	{"protocol", []string{"protocol/pgerror"}, "bytes, no policy"},
	{"protocol/auth", []string{"protocol", "protocol/pgerror"}, "proves who a client is and nothing else"},

	{"shards", []string{"shards/shardfunc"}, "the map is data"},
	{"shards/merge", []string{"protocol/pgerror"}, "rows in, rows out"},
	{"shards/fold", []string{"shards/merge", "protocol/pgerror"}, "values in, values out; it orders them as merge does"},
	{"shards/scatter", []string{"protocol", "protocol/pgerror"}, "reads frames; conns come by an interface it declares itself"},
	{"shards/copysplit", []string{"protocol/pgerror"}, "bytes of COPY in, rows out"},
	{"shards/commit", []string{"shards/merge", "protocol/pgerror"}, "conns come by an interface it declares itself"},

	{"router/sqlparse", []string{"protocol/pgerror"}, "SQL text ends here; nobody above sees the grammar"},
	{"router/plan", []string{"shards", "shards/merge", "shards/fold", "protocol/pgerror"}, "plans are data that print themselves"},
	{"router/rewrite", []string{"router/sqlparse", "router/plan", "shards", "shards/fold", "protocol/pgerror"}, "what fold can do is fold's to say; one SELECT in, what runs on the shards and what puts it together out"},
	{"router/shardplan", []string{"router/sqlparse", "router/catalog", "router/plan", "router/rewrite", "shards", "shards/shardfunc", "protocol/pgerror"}, "plans for several shards, without I/O"},
	{"router", []string{"router/sqlparse", "router/catalog", "router/plan", "router/shardplan", "shards", "protocol/pgerror"}, "decides without I/O"},

	{"proxy/crowd", nil, "addresses in, yes or no out; shared by TCP and HTTP"},
	{"proxy/upstream", []string{"proxy/stats"}, "protocol-blind: shared by PostgreSQL, TCP and HTTP"},
	{"proxy/discover", []string{"proxy/upstream"}, "lists of servers in, targets out; registries are reached from here and nowhere else"},
	{"proxy/watch", []string{"proxy/freshness", "proxy/stats", "protocol/pgerror"}, "asks servers through an interface it declares itself"},
	{"proxy/config", []string{"protocol/pgerror", "protocol/auth", "shards/shardfunc", "shards", "router/catalog", "cache", "proxy/stats", "proxy/freshness", "proxy/upstream"},
		"imports leaf rooms for their Default constants, upstream for the names of its policies, auth to check stored verifiers, and shards to check the map: only here are its places in the file known, and a reload must refuse what check refuses"},
	{"proxy/connpool", []string{"proxy/upstream", "protocol", "protocol/auth", "protocol/pgerror", "proxy/stats"}, "knows servers, not clients"},
	{"proxy/tcpproxy", []string{"proxy/upstream", "proxy/stats", "proxy/crowd", "protocol/proxyheader"}, "shares the loop, not the protocol; the PROXY header stands before any"},
	{"proxy/httpproxy/strict", nil, "bytes of requests in, the same or a fault out; it knows nobody who serves them"},
	{"proxy/httpproxy/h1", []string{"proxy/httpproxy/strict"}, "a request and an address in, an answer out; strict for the grammar of fields"},
	{"proxy/httpproxy/h1serve", []string{"proxy/httpproxy/strict"}, "a handler is all it knows of what becomes of requests"},
	{"proxy/httpproxy/httpcache", nil, "responses in, responses out; whoever wraps it chooses servers"},
	{"proxy/httpproxy", []string{"proxy/upstream", "proxy/stats", "proxy/crowd", "protocol/proxyheader", "cache", "proxy/httpproxy/h1", "proxy/httpproxy/h1serve", "proxy/httpproxy/httpcache", "proxy/httpproxy/strict"},
		"shares the loop, not the protocol; the PROXY header stands before any"},
	{"proxy/session", []string{"router", "router/sqlparse", "router/plan", "router/shardplan", "shards", "shards/scatter", "shards/merge", "shards/fold", "shards/commit", "shards/copysplit", "cache",
		"protocol", "protocol/auth", "protocol/pgerror", "proxy/connpool", "proxy/upstream", "proxy/freshness", "proxy/stats"},
		"one client's life; it is handed its settings and never reads the config"},
	{"proxy/admin", []string{"protocol", "protocol/pgerror", "proxy/stats"}, "reaches the proxy by the Control interface it declares"},
	{"proxy/web", []string{"protocol", "protocol/pgerror", "proxy/stats"}, "reaches the proxy by the Control interface it declares"},
	{"proxy", []string{"protocol/...", "shards/...", "router/...", "cache", "proxy/..."}, "assembly: the only package that knows everyone"},
	{"cmd/wye", []string{"proxy", "proxy/config", "router/...", "shards", "protocol/auth", "protocol/pgerror", "internal/testpg"},
		"main; router for explain, shards for the map it prints, auth for hash, testpg because the demo boots the clusters the tests boot"},

	{"internal/testpg", nil, "a cluster for everyone, so it leans on nobody"},
	{"internal/archtest", nil, "a judge has no friends"},
	{"internal/testsum", nil, "reads go test's output"},
	{"internal/plantest", []string{"shards/fold"}, "carries out the part of a plan that no PostgreSQL does, for the planners' tests"},
	{"internal/bench/...", []string{"internal/...", "protocol/...", "proxy/...", "router/catalog", "shards/shardfunc"}, "its canned server answers what wye asks of a catalog and of a shard"},
	{"internal/...", []string{"internal/...", "protocol/...", "proxy/..."}, "support for tests and measurements; no product code imports it"},
}

// testsMay are rooms of ours that any room's tests may import besides: the
// catalog is a leaf that a router in a test is given.
var testsMay = []string{"internal/...", "router/catalog"}

// module is a foreign module, or a part of one, and the rooms that may import
// it. The longest match counts. A module without a row is refused.
type module struct {
	path  string
	rooms []string
	why   string
}

var modules = []module{
	{"github.com/pganalyze/pg_query_go/v5", []string{"router/sqlparse", "router/rewrite", "router/shardplan"},
		"cgo, a process-wide stack limit and minutes of build: sqlparse is the one door; the planners of shards take trees apart, for which they need the node types, a copy of which would be a second grammar"},
	{"google.golang.org/protobuf", []string{"router/rewrite", "router/shardplan"},
		"pg_query's trees are made of its messages: to copy, compare and walk them whatever the node is"},
	{"github.com/jackc/pgx/v5", []string{"cmd/wye", "internal/..."},
		"a client library: the demo is a client, and so are tests; the data path is not"},
	{"github.com/jackc/pgx/v5/pgproto3", []string{"protocol", "proxy/connpool", "proxy/admin", "internal/..."},
		"message types where messages are made; elsewhere frames pass undecoded"},
	{"github.com/jackc/pgx/v5/pgconn", []string{"protocol", "proxy/connpool", "proxy/admin", "cmd/wye", "internal/..."},
		"connections are dialled where they are pooled"},
	{"github.com/hashicorp/golang-lru/v2", []string{"cache", "router/sqlparse", "proxy/connpool", "proxy", "proxy/httpproxy/httpcache"}, "the least recently used list, where memory is bounded"},
	{"go.yaml.in/yaml/v3", []string{"proxy/config", "internal/..."}, "one file is read, by one package"},
	{"golang.org/x/text", []string{"protocol/auth"}, "SASLprep's normalisation"},
	{"golang.org/x/net/http/httpguts", []string{"proxy/httpproxy/h1serve"}, "what a name, a token and a host are, as net/http has it"},
	{"github.com/miekg/dns", []string{"proxy/discover"}, "name servers are asked by one package"},
	{"github.com/lib/pq", []string{"internal/drivertest"}, "a driver that people use, under test"},
	{"gorm.io/gorm", []string{"internal/drivertest"}, "an ORM that people use, under test"},
	{"gorm.io/driver/postgres", []string{"internal/drivertest"}, "an ORM that people use, under test"},
}

// testModules are what tests in any room may import besides.
var testModules = []module{
	{"github.com/jackc/pgx/v5", nil, "the reference client"},
	{"github.com/lib/pq", []string{"cmd/wye", "proxy/admin", "internal/..."}, "a driver that people use, in tests of what it sees"},
	{"go.yaml.in/yaml/v3", nil, "fixtures"},
	{"google.golang.org/grpc", []string{"proxy/httpproxy"}, "the client and the server that people use, with wye between them"},
	{"github.com/coder/websocket", []string{"proxy/httpproxy"}, "the same of WebSocket"},
}

// pure is a room whose non-test files keep away from sockets, files, the
// clock, chance, goroutines and logs: they take time and chance as arguments,
// and are tested in milliseconds.
type pure struct {
	room    string
	files   string // only files that begin so; "" means all
	allowed []string
	why     string
}

var pures = []pure{
	{"protocol/pgerror", "", nil, "plain data"},
	{"shards", "", nil, "an immutable snapshot"},
	{"shards/shardfunc", "", nil, "the same value always lands in the same slot"},
	{"shards/fold", "", nil, "the same rows always make the same groups, in the same order"},
	{"shards/merge", "", nil, "the order of rows must not depend on timing"},
	{"router", "", nil, "the same statement and facts always give the same plan"},
	{"router/sqlparse", "", []string{"go", "syscall"}, "text in, Statement out; goroutines because parse workers with a stack of their own run the C grammar, syscall for how large those stacks are"},
	{"router/catalog", "", nil, "an immutable snapshot"},
	{"router/plan", "", nil, "plans are data"},
	{"router/rewrite", "", nil, "the same statement always becomes the same"},
	{"router/shardplan", "", nil, "the same statement, map and arguments always give the same plan"},
	{"shards/copysplit", "", nil, "the same bytes are always the same rows"},
	{"proxy/upstream", "policy", nil, "a policy chooses; randomness is passed in"},
	{"proxy/httpproxy/httpcache", "freshness", []string{"net/http"}, "the time is an argument; net/http for its headers and dates"},
}

// impurePackages of the standard library are refused in pure rooms. An entry
// covers what is below it.
var impurePackages = []string{"net", "os", "log", "syscall", "io/ioutil", "math/rand", "crypto/rand", "testing"}

// clockFunctions of package time are refused in pure rooms; its types are not.
var clockFunctions = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}

// topLevel are the folders of the house. Hidden ones and those that git
// ignores are not looked at.
var topLevel = []string{"cmd", "protocol", "shards", "router", "cache", "proxy", "testdata", "internal", "docs"}

// bannedPackages are names that say nothing.
var bannedPackages = []string{"pkg", "util", "utils", "common", "types", "helper", "helpers", "base", "misc"}

// bannedParts are words that no type of ours is made of (house.md section 7).
var bannedParts = []string{"Manager", "Helper", "Util", "Utils", "Common", "Base", "Data", "Info", "Impl", "Context", "Handler"}

// namesOfOthers are type names with a banned part that are not our invention.
var namesOfOthers = map[string]string{
	"DataRow":        "the protocol's own name of a message",
	"CopyData":       "the protocol's own name of a message",
	"BackendKeyData": "the protocol's own name of a message",
	"NoData":         "the protocol's own name of a message",
}
