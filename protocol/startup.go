package protocol

import (
	"encoding/binary"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Protocol versions, as the Int32 of a startup packet.
const (
	Version30 uint32 = 3 << 16
	Version32 uint32 = 3<<16 | 2
)

// Codes that stand where a startup packet has its version
// (src/include/libpq/pqcomm.h).
const (
	cancelRequest  = 1234<<16 | 5678
	sslRequest     = 1234<<16 | 5679
	gssEncRequest  = 1234<<16 | 5680
	maxStartup     = 10000 // MAX_STARTUP_PACKET_LENGTH
	maxCancelBytes = 268   // a 256-byte key, as protocol 3.2 allows
)

// Param is one parameter of a startup packet, in the order it came.
type Param struct{ Name, Value string }

// Startup is what a client asks for when it connects.
type Startup struct {
	Version    uint32 // what will be spoken: Version30 or Version32
	Negotiate  bool   // the client must first be sent NegotiateProtocolVersion
	UnknownPQ  []string
	User       string
	Database   string
	Replicate  string         // value of `replication`, "" when absent
	Options    string         // raw `options`
	Parameters []Param        // all others, `options` taken apart included
	Bad        *pgerror.Error // what is wrong with options: to be said after the login
}

// parseStartup reads the body of a startup packet after its version.
func parseStartup(version uint32, body []byte) (*Startup, error) {
	s := &Startup{Version: Version30}
	switch minor := version & 0xffff; {
	case version>>16 != 3:
		return nil, pgerror.Fatalf(pgerror.FeatureNotSupported,
			"unsupported frontend protocol %d.%d: server supports 3.0 to 3.2", version>>16, version&0xffff)
	case minor == 0 || minor == 1:
	case minor == 2:
		s.Version = Version32
	default:
		s.Version, s.Negotiate = Version32, true
	}
	for {
		name, rest, ok := CString(body)
		if !ok {
			return nil, errStartupLayout
		}
		if len(name) == 0 {
			if len(rest) != 0 {
				return nil, errStartupLayout
			}
			break
		}
		value, rest, ok := CString(rest)
		if !ok {
			return nil, errStartupLayout
		}
		body = rest
		s.add(string(name), string(value))
	}
	if len(s.UnknownPQ) > 0 {
		s.Negotiate = true
	}
	params, bad := parseOptions(s.Options)
	s.Bad = bad
	s.Parameters = append(params, s.Parameters...) // what is named directly wins
	if s.User == "" {
		return nil, pgerror.Fatal(pgerror.InvalidAuthorization, "no PostgreSQL user name specified in startup packet")
	}
	if s.Database == "" {
		s.Database = s.User
	}
	return s, nil
}

var errStartupLayout = pgerror.Fatal(pgerror.ProtocolViolation, "invalid startup packet layout: expected terminator as last byte")

func (s *Startup) add(name, value string) {
	switch {
	case name == "user":
		s.User = value
	case name == "database":
		s.Database = value
	case name == "replication":
		s.Replicate = value
	case name == "options":
		s.Options = value
	case strings.HasPrefix(name, "_pq_."):
		s.UnknownPQ = append(s.UnknownPQ, name)
	default:
		s.Parameters = append(s.Parameters, Param{name, value})
	}
}

// parseOptions takes the `options` parameter apart as pg_split_opts and
// process_postgres_switches do: words split at white space, a backslash
// takes the next character as it is; `-c name=value`, `-cname=value` and
// `--name=value` (dashes in the name become underscores) are known.
func parseOptions(options string) ([]Param, *pgerror.Error) {
	words := splitOptions(options)
	var params []Param
	for i := 0; i < len(words); i++ {
		w, dashes := words[i], "-c "
		switch {
		case w == "-c":
			i++
			if i == len(words) {
				return nil, badOption(w)
			}
			w = words[i]
		case strings.HasPrefix(w, "--") && len(w) > 2:
			w, dashes = w[2:], "--"
		case strings.HasPrefix(w, "-c"):
			w = w[2:]
		default:
			return nil, badOption(w)
		}
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, pgerror.Fatalf(pgerror.SyntaxError, "%s%s requires a value", dashes, w)
		}
		params = append(params, Param{strings.ReplaceAll(name, "-", "_"), value})
	}
	return params, nil
}

func badOption(word string) *pgerror.Error {
	return pgerror.Fatalf(pgerror.SyntaxError, "invalid command-line argument for server process: %s", word).
		WithHint("options may hold -c name=value and --name=value")
}

func splitOptions(s string) []string {
	var words []string
	var word []byte
	in := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f':
			if in {
				words = append(words, string(word))
				word, in = word[:0], false
			}
		case c == '\\':
			in = true // also at the very end, where it stands for nothing
			if i++; i < len(s) {
				word = append(word, s[i])
			}
		default:
			word, in = append(word, c), true
		}
	}
	if in {
		words = append(words, string(word))
	}
	return words
}

// AppendStartup appends a startup packet of protocol 3.0.
func AppendStartup(dst []byte, params []Param) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, Version30)
	for _, p := range params {
		dst = appendCString(dst, p.Name)
		dst = appendCString(dst, p.Value)
	}
	dst = append(dst, 0)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start))
	return dst
}
