package sqlparse

// EffectKind says what a statement does to its session.
type EffectKind uint8

// The effects. "Name" and "Value" are those of [Effect].
const (
	// SetParam sets parameter Name so that set_config(Name, Value, Local)
	// on another server gives the same setting. A NULL bound to ValueArg
	// resets the parameter, as set_config does.
	SetParam EffectKind = iota + 1
	// ParamUnknown may change parameter Name in a way that the text does
	// not tell; Name "" stands for any parameter. With Local it lasts no
	// longer than the transaction.
	ParamUnknown
	ResetParam // parameter Name goes back to the session's default
	ResetAll   // RESET ALL; leaves role and session authorization alone
	// SessionAuthorization becomes user Value, which also drops SET ROLE.
	SessionAuthorization
	SessionAuthorizationDefault
	DiscardAll
	DiscardTemp
	DiscardPlans
	DiscardSequences
	Prepare // SQL PREPARE Name
	// ExecutePrepared needs the prepared statement Name on its server.
	ExecutePrepared
	Deallocate
	DeallocateAll
	Listen
	Unlisten
	UnlistenAll
	// TempObject makes or names something in the session's temporary
	// schema. With UntilCommit it is dropped at the end of the transaction.
	TempObject
	HoldCursor // DECLARE Name ... WITH HOLD
	CloseCursor
	CloseAllCursors
	// AdvisoryLock may take a session-level advisory lock.
	AdvisoryLock
	AdvisoryUnlock
	AdvisoryUnlockAll
	Load          // LOAD: a library cannot be unloaded
	SetSeed       // random() is seeded: cannot be undone
	SequenceValue // currval() or lastval(): the answer is this server session's own
	// SessionBound leaves something on the server session that only its
	// end removes; Name says what.
	SessionBound
	// DatabaseChanged needs database Name free of other sessions, or makes
	// settings that only new server sessions get. Name "" is any database.
	DatabaseChanged
	// Unknown could be any of the above. Name is the word to blame.
	Unknown
)

var effectNames = [...]string{
	SetParam: "set", ParamUnknown: "param-unknown", ResetParam: "reset", ResetAll: "reset-all",
	SessionAuthorization: "session-authorization", SessionAuthorizationDefault: "session-authorization-default",
	DiscardAll: "discard-all", DiscardTemp: "discard-temp", DiscardPlans: "discard-plans",
	DiscardSequences: "discard-sequences",
	Prepare:          "prepare", ExecutePrepared: "execute", Deallocate: "deallocate", DeallocateAll: "deallocate-all",
	Listen: "listen", Unlisten: "unlisten", UnlistenAll: "unlisten-all",
	TempObject: "temp-object", HoldCursor: "hold-cursor", CloseCursor: "close-cursor",
	CloseAllCursors: "close-all-cursors",
	AdvisoryLock:    "advisory-lock", AdvisoryUnlock: "advisory-unlock", AdvisoryUnlockAll: "advisory-unlock-all",
	Load: "load", SetSeed: "set-seed", SequenceValue: "sequence-value", SessionBound: "session-bound",
	DatabaseChanged: "database-changed", Unknown: "unknown",
}

// String is the effect in lower-case words joined by dashes, fit for a metric label.
func (k EffectKind) String() string { return effectNames[k] }

// Effect is one thing that a statement does to its session, if the statement
// succeeds. It takes part in the transaction where PostgreSQL says so
// (SetParam, ResetParam, ResetAll, Listen, Unlisten, TempObject): the session
// knows that rule, not this package.
type Effect struct {
	Kind  EffectKind
	Name  string // a parameter in lower case, else a name as the server folds it
	Value string
	Local bool // SET LOCAL, or set_config with is_local

	// The 1-based number of the $n that gives Name, Value or Local when the
	// statement is bound; 0 when the field itself tells.
	NameArg, ValueArg, LocalArg int

	UntilCommit bool // TempObject with ON COMMIT DROP
}
