package cache

// Instant is a moment on the caller's clock, in nanoseconds: that of package
// freshness.
type Instant int64

// Entry is a kept answer. It is immutable, and readers may hold it after it
// was dropped.
type Entry struct {
	// Frames are what the server sent: RowDescription if it was asked for,
	// rows, CommandComplete. Not to be changed.
	Frames []byte
	AsOf   Instant // everything written before is in it
	Tables []string

	key        string
	rule       *Rule
	bytes      int64   // that it counts against the limits
	used       Instant // when it was looked up last; this and refreshing are guarded by its store's mutex
	refreshing bool    // one of those that found it too old asks anew
}

// entryOverhead is what an entry takes beside its key and frames, in bytes:
// itself, its place in the list and in the map (see TestOverhead: 220 to 320,
// by how full the maps are).
const entryOverhead = 320

// Cause says why an entry was dropped.
type Cause int

// The causes, as the console and the metrics name them.
const (
	Written    Cause = iota // a table that it read was written
	Expired                 // it was older than the rule allows
	Evicted                 // others needed the memory
	Flushed                 // somebody asked for it
	Defined                 // the catalog, or somebody's rights, may be others
	FailedOver              // another server became the primary
	Missed                  // writes may have gone unheard
	causes
)

var causeNames = [causes]string{"written", "expired", "evicted", "flushed", "ddl", "failover", "missed"}

func (c Cause) String() string { return causeNames[c] }

// Causes lists all causes.
func Causes() []Cause {
	list := make([]Cause, causes)
	for i := range list {
		list[i] = Cause(i)
	}
	return list
}
