package difftest

// Table is one of schema.sql.
type Table struct {
	Name string
	Kind Kind
	Key  []string
}

// Kind is where a table's rows are.
type Kind uint8

// By the value of the key; by its range, in both maps; on every shard; on the
// first; on the first although the map does not know it.
const (
	ByKey Kind = iota
	ByTime
	Everywhere
	Single
	Unknown
)

// Tables are all of schema.sql, referenced before referencing.
var Tables = []Table{
	{"users", ByKey, []string{"id"}},
	{"orders", ByKey, []string{"user_id"}},
	{"badges", ByKey, []string{"user_id"}},
	{"drafts", ByKey, []string{"user_id"}},
	{"tickets", ByKey, []string{"user_id"}},
	{"visits", ByKey, []string{"tenant", "page"}},
	{"accounts", ByKey, []string{"slug"}},
	{"devices", ByKey, []string{"id"}},
	{"events", ByTime, []string{"at"}},
	{"countries", Everywhere, nil},
	{"products", Everywhere, nil},
	{"settings", Single, nil},
	{"strangers", Unknown, nil},
}

func tableNamed(name string) (Table, bool) {
	for _, t := range Tables {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}
