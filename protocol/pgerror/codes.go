package pgerror

// SQLSTATE codes that wye raises itself or acts upon when a server sends
// them. The names are PostgreSQL's (src/backend/utils/errcodes.txt).
const (
	ConnectionFailure           = "08006" // the server was lost; the connection to the client ends with it
	TransactionOutcomeUnknown   = "08007" // a commit was sent and its answer was lost
	ProtocolViolation           = "08P01"
	FeatureNotSupported         = "0A000"
	InvalidParameterValue       = "22023"
	UniqueViolation             = "23505"
	ActiveSQLTransaction        = "25001"
	NoActiveSQLTransaction      = "25P01"
	InFailedSQLTransaction      = "25P02"
	ReadOnlySQLTransaction      = "25006"
	IdleInTransactionTimeout    = "25P03"
	InvalidSQLStatementName     = "26000" // unknown prepared statement
	InvalidAuthorization        = "28000"
	InvalidPassword             = "28P01"
	InvalidCursorName           = "34000" // unknown portal
	InvalidCatalogName          = "3D000" // unknown database
	SerializationFailure        = "40001"
	SyntaxError                 = "42601"
	InsufficientPrivilege       = "42501"
	UndefinedObject             = "42704"
	DuplicateCursor             = "42P03"
	DuplicatePreparedStatement  = "42P05"
	InsufficientResources       = "53000"
	OutOfMemory                 = "53200" // also: no room for one more prepared transaction
	TooManyConnections          = "53300"
	ConfigurationLimitExceeded  = "53400"
	ProgramLimitExceeded        = "54000"
	StatementTooComplex         = "54001"
	ObjectNotInPrerequisiteStat = "55000"
	LockNotAvailable            = "55P03" // lock_timeout
	QueryCanceled               = "57014"
	AdminShutdown               = "57P01"
	CrashShutdown               = "57P02"
	CannotConnectNow            = "57P03"
	IdleSessionTimeout          = "57P05"
	InternalError               = "XX000"
)

// Severities, as sent in the S and V fields. Fatal is used when, and only
// when, the connection is closed after the error.
const (
	SeverityError  = "ERROR"
	SeverityFatal  = "FATAL"
	SeverityPanic  = "PANIC"
	SeverityNotice = "NOTICE"
)
