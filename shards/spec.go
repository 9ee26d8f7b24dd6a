package shards

import "github.com/wyeproxy/wye/shards/shardfunc"

// Spec is a map as a person writes it: names and texts, nothing checked yet.
type Spec struct {
	Shards []Shard // in order: a shard's index is its place
	Groups []Group
	Tables []TableSpec
}

// Shard is a primary with its replicas, as far as a map is concerned.
type Shard struct {
	Name   string
	Weight int    // its share of slots that are placed by default; 0 is 1
	Path   string // for problems; "" is shards.NAME
}

// Kind is how a map finds the shard of a key.
type Kind string

// The kinds of maps.
const (
	ConsistentHash Kind = "consistent_hash"
	Range          Kind = "range"
	List           Kind = "list"
)

// Group is one map of keys to shards; the tables that name it are co-located.
type Group struct {
	Name  string
	Path  string // for problems; "" is maps.NAME
	Kind  Kind
	Types []shardfunc.Type // of the key columns; ranges and lists have one

	Slots     int      // of a hash; 0 is DefaultSlots
	Placement []Placed // of its slots; none: by weight
	Ranges    []KeyRange
	Lists     []KeyList
	Default   string // shard of what no range and no list has; "" is none
}

// Placed says on which shard some slots are: "0-1023,2048".
type Placed struct {
	Slots, Shard string
}

// KeyRange are the keys from From up to, but not including, To, as texts of the
// key's type. HasFrom or HasTo is false where there is no bound.
type KeyRange struct {
	From, To       string
	HasFrom, HasTo bool
	Shard          string
}

// KeyList are keys one by one.
type KeyList struct {
	Values []string
	Shard  string
}

// TableSpec is one table: sharded by the keys of a group, or a reference table,
// or on one shard alone.
type TableSpec struct {
	Schema, Name string // Schema "" is DefaultSchema
	Group        string
	Keys         []string // columns, in the order of the group's types
	Reference    bool
	Shard        string
	Path         string // for problems; "" is tables.NAME
}

// Limits and defaults.
const (
	DefaultSlots  = 4096
	MinSlots      = 256
	MaxSlots      = 65536
	DefaultSchema = "public"
	MaxKeys       = 8    // columns of one key
	MaxGroups     = 256  // of one Spec
	MaxWeight     = 1000 // of one shard
)

// Problem is one thing that is wrong with a Spec. Path says where, in the words
// of the configuration: "maps.users.ranges[1]".
type Problem struct {
	Path, Message string

	// Where a name refers to nothing: what it would be the name of ("shard"),
	// the name, and those there are.
	Unknown, Name string
	Known         []string
}

func (p Problem) String() string { return p.Path + ": " + p.Message }
