package config

import (
	"time"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// Shard is a primary with its replicas, which has a part of the cluster's rows.
type Shard struct {
	Name   string `wye:"name"`
	Nodes  []Node `wye:"nodes,required" doc:"The shard's servers, written as a cluster's nodes."`
	Weight int    `wye:"weight" default:"1" min:"1" max:"1000" doc:"Its share of the slots of consistent_hash maps, beside the other shards' weights."`
}

// Map says how the shard of a row is found from its key. Tables that name the
// same map have equal keys on the same shard.
type Map struct {
	Name      string    `wye:"name"`
	Kind      MapKind   `wye:"kind" default:"consistent_hash" doc:"How: by a hash of the key, by ranges of keys, or by lists of keys."`
	Type      []KeyType `wye:"type,required,one" doc:"Type of the key column; a list for a key of several columns, which only consistent_hash takes. Integers of any width are one, as are texts."`
	Slots     int       `wye:"slots" min:"256" max:"65536" derived:"4096, of consistent_hash" doc:"Slots that the hash has, a power of two: the grains that are moved between shards. Not to be changed later."`
	Placement []Placed  `wye:"placement" derived:"by weight, as if the shards had joined in the order of the file" doc:"On which shard each slot is, for consistent_hash; wye shards plan writes it."`
	Ranges    []Range   `wye:"ranges" doc:"Ranges of keys, for range, without gaps (unless there is a default) or overlaps."`
	Lists     []Listed  `wye:"lists" doc:"Keys one by one, for list."`
	Default   string    `wye:"default" derived:"none: such a row is refused with 23514" doc:"Shard of the keys that no range and no list has."`
}

// Placed says on which shard some slots are.
type Placed struct {
	Slots []Literal `wye:"slots,required,one" doc:"Slots: 0-1023, or a list as [0-99, 2048]."`
	Shard string    `wye:"shard,required" doc:"The shard they are on."`
}

// Range are the keys from From up to, but not including, To.
type Range struct {
	From  *Literal `wye:"from" derived:"no bound" doc:"The lowest key, as PostgreSQL reads it. Dates are YYYY-MM-DD, times YYYY-MM-DD HH:MM:SS (timestamptz with +00 or another zone behind). Texts are in the order of collation \"C\"."`
	To    *Literal `wye:"to" derived:"no bound" doc:"The first key that does not belong to the range."`
	Shard string   `wye:"shard,required" doc:"The shard that has them."`
}

// Listed are keys one by one.
type Listed struct {
	Values []Literal `wye:"values,required" doc:"Keys, as PostgreSQL reads them."`
	Shard  string    `wye:"shard,required" doc:"The shard that has them."`
}

// Table is a table of a sharded cluster: with a map and a key, or a reference
// table, or on one shard.
type Table struct {
	Name      string   `wye:"name"`
	Map       string   `wye:"map" doc:"The map that finds the shard of a row. The section's name is the table's, as schema.table outside of public."`
	Key       []string `wye:"key,one" doc:"Column of the sharding key, or a list of columns."`
	Reference bool     `wye:"reference" derived:"false" doc:"Every shard has a copy of all rows."`
	Shard     string   `wye:"shard" doc:"The one shard that has all rows."`
}

// Gather bounds the statements that PostgreSQL can only answer once the rows of
// several shards have been brought to one place.
type Gather struct {
	Enabled  bool          `wye:"enabled" default:"true" doc:"Run them, on one of the shards; else they are refused (0A000)."`
	MaxRows  int           `wye:"max_rows" default:"100000" min:"1" max:"100000000" doc:"Most rows that are brought for one statement (54000)."`
	MaxBytes int64         `wye:"max_bytes" default:"64MiB" min:"64KiB" max:"16GiB" doc:"Most bytes of them (54000)."`
	Timeout  time.Duration `wye:"timeout" default:"30s" max:"24h" doc:"Longest such a statement may take; 0 is no limit."`
}

// Sharding is what the operator vouches for: what wye cannot see to hold over
// all shards, and therefore refuses.
type Sharding struct {
	LocalSequences bool `wye:"local_sequences" derived:"false" doc:"Columns may take their defaults from sequences: those of the shards never give the same number."`
	TrustUnique    bool `wye:"trust_unique" derived:"false" doc:"Unique indexes without the sharding key hold over all shards, for a reason that wye does not see."`
	TrustTriggers  bool `wye:"trust_triggers" derived:"false" doc:"Triggers, rules and functions behind tables touch nothing but rows of the same sharding key."`
}

// Literal is a key in the words of PostgreSQL. A number, a date or a time needs
// no quotes.
type Literal string

// MapKind is how a map finds shards.
type MapKind string

// The kinds of maps.
const (
	MapHash  MapKind = "consistent_hash"
	MapRange MapKind = "range"
	MapList  MapKind = "list"
)

func (MapKind) allowed() []string { return []string{"consistent_hash", "range", "list"} }

// KeyType is the type of a key column.
type KeyType string

func (KeyType) allowed() []string { return shardfunc.TypeNames() }

// MultiShardWrite is how a transaction commits that wrote on several shards.
type MultiShardWrite string

// On all of them or none, one after the other, or not at all.
const (
	WriteTwoPhase   MultiShardWrite = "2pc"
	WriteBestEffort MultiShardWrite = "best_effort"
	WriteRefuse     MultiShardWrite = "refuse"
)

func (MultiShardWrite) allowed() []string { return []string{"2pc", "best_effort", "refuse"} }
