package protocol

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// startupBody is the body of a startup packet behind its version.
func startupBody(pairs ...string) []byte {
	return []byte(strings.Join(pairs, "\x00") + "\x00\x00")
}

func TestParseStartup(t *testing.T) {
	const v31, v39999 = 3<<16 | 1, 3<<16 | 9999
	tests := []struct {
		name    string
		version uint32
		body    []byte
		want    Startup
	}{
		{"least", Version30, startupBody("user", "u"), Startup{Version: Version30, User: "u", Database: "u"}},
		{"all", Version32, startupBody("user", "u", "database", "d", "TimeZone", "UTC", "replication", "database"),
			Startup{Version: Version32, User: "u", Database: "d", Replicate: "database", Parameters: []Param{{"TimeZone", "UTC"}}}},
		{"empty database is the user's", Version30, startupBody("database", "", "user", "u"), Startup{Version: Version30, User: "u", Database: "u"}},
		{"the last one wins", Version30, startupBody("user", "a", "user", "b"), Startup{Version: Version30, User: "b", Database: "b"}},
		{"empty value", Version30, startupBody("user", "u", "application_name", ""),
			Startup{Version: Version30, User: "u", Database: "u", Parameters: []Param{{"application_name", ""}}}},
		{"3.1 is spoken as 3.0", v31, startupBody("user", "u"), Startup{Version: Version30, User: "u", Database: "u"}},
		{"a later minor version", v39999, startupBody("user", "u", "_pq_.test_protocol_negotiation", ""),
			Startup{Version: Version32, Negotiate: true, UnknownPQ: []string{"_pq_.test_protocol_negotiation"}, User: "u", Database: "u"}},
		{"an unknown option", Version30, startupBody("user", "u", "_pq_.x", "1"),
			Startup{Version: Version30, Negotiate: true, UnknownPQ: []string{"_pq_.x"}, User: "u", Database: "u"}},
		{"options come before what is named directly", Version30, startupBody("user", "u", "geqo", "off", "options", "-c geqo=on -c jit=off"),
			Startup{Version: Version30, User: "u", Database: "u", Options: "-c geqo=on -c jit=off",
				Parameters: []Param{{"geqo", "on"}, {"jit", "off"}, {"geqo", "off"}}}},
		{"of two options the last counts", Version30, startupBody("user", "u", "options", "-c geqo=on", "options", "-c jit=off"),
			Startup{Version: Version30, User: "u", Database: "u", Options: "-c jit=off", Parameters: []Param{{"jit", "off"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseStartup(tt.version, tt.body)
			must(t, err)
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", *got, tt.want)
			}
		})
	}
}

func TestParseStartupRefuses(t *testing.T) {
	tests := []struct {
		name    string
		version uint32
		body    []byte
		code    string
		message string
	}{
		{"2.0", 2 << 16, nil, pgerror.FeatureNotSupported, "unsupported frontend protocol 2.0: server supports 3.0 to 3.2"},
		{"4.0", 4 << 16, startupBody("user", "u"), pgerror.FeatureNotSupported, "unsupported frontend protocol 4.0: server supports 3.0 to 3.2"},
		{"nothing", Version30, nil, pgerror.ProtocolViolation, "invalid startup packet layout: expected terminator as last byte"},
		{"no terminator", Version30, []byte("user\x00u\x00"), pgerror.ProtocolViolation, ""},
		{"no value", Version30, []byte("user\x00"), pgerror.ProtocolViolation, ""},
		{"value without end", Version30, []byte("user\x00u"), pgerror.ProtocolViolation, ""},
		{"bytes behind the terminator", Version30, []byte("user\x00u\x00\x00x"), pgerror.ProtocolViolation, ""},
		{"no user", Version30, startupBody("database", "d"), pgerror.InvalidAuthorization, "no PostgreSQL user name specified in startup packet"},
		{"empty user", Version30, startupBody("user", ""), pgerror.InvalidAuthorization, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseStartup(tt.version, tt.body)
			e, ok := err.(*pgerror.Error)
			if !ok || e.Code != tt.code || !e.IsFatal() || tt.message != "" && e.Message != tt.message {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The words of parseOptions, as pg_split_opts and getopt of a PostgreSQL 15
// server understood them.
func TestParseOptions(t *testing.T) {
	tests := []struct {
		options string
		want    []Param
		message string // of the error
	}{
		{"", nil, ""},
		{"  \t\n\r\v\f ", nil, ""},
		{"-c jit=off", []Param{{"jit", "off"}}, ""},
		{"-cjit=off", []Param{{"jit", "off"}}, ""},
		{"-c  jit=off\t-c geqo=on", []Param{{"jit", "off"}, {"geqo", "on"}}, ""},
		{"--search-path=a,b", []Param{{"search_path", "a,b"}}, ""},
		{"-c search-path=a", []Param{{"search_path", "a"}}, ""},
		{`-c application_name=a\ b`, []Param{{"application_name", "a b"}}, ""},
		{`-c application_name=a\\b`, []Param{{"application_name", `a\b`}}, ""},
		{`-c application_name=ab\`, []Param{{"application_name", "ab"}}, ""},
		{`-c application_name=a=b`, []Param{{"application_name", "a=b"}}, ""},
		{`-c application_name=`, []Param{{"application_name", ""}}, ""},
		{"-c a.b=c", []Param{{"a.b", "c"}}, ""},
		{"-c", nil, "invalid command-line argument for server process: -c"},
		{"-c jit", nil, "-c jit requires a value"},
		{"--jit", nil, "--jit requires a value"},
		{"jit=off", nil, "invalid command-line argument for server process: jit=off"},
		{"-c jit=off x", nil, "invalid command-line argument for server process: x"},
	}
	for _, tt := range tests {
		t.Run(tt.options, func(t *testing.T) {
			got, bad := parseOptions(tt.options)
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			switch {
			case bad == nil && tt.message == "":
			case bad == nil || bad.Message != tt.message || bad.Code != pgerror.SyntaxError:
				t.Errorf("got error %v, want %q", bad, tt.message)
			}
		})
	}
}

func TestAppendStartup(t *testing.T) {
	b := AppendStartup([]byte("x"), []Param{{"user", "u\x00admin\x00true"}, {"application_name", ""}})[1:]
	if int(binary.BigEndian.Uint32(b)) != len(b) {
		t.Fatalf("length %d of %d bytes", binary.BigEndian.Uint32(b), len(b))
	}
	var got pgproto3.StartupMessage
	must(t, got.Decode(b[4:]))
	want := map[string]string{"user": "u", "application_name": ""}
	if got.ProtocolVersion != Version30 || !reflect.DeepEqual(got.Parameters, want) {
		t.Errorf("got %+v", got)
	}
}

func FuzzParseOptions(f *testing.F) {
	for _, s := range []string{"-c a=b", `--a-b=c\ d`, `\`, "-c", "--", "-c =", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, options string) {
		params, bad := parseOptions(options)
		if bad != nil && params != nil {
			t.Error("both an answer and an error")
		}
		for _, p := range params {
			if len(p.Name)+len(p.Value) > len(options) || strings.Contains(p.Name, "-") {
				t.Errorf("made %q=%q of %q", p.Name, p.Value, options)
			}
		}
	})
}

func FuzzParseStartup(f *testing.F) {
	f.Add(Version30, startupBody("user", "u", "options", "-c a=b"))
	f.Add(Version32, startupBody("_pq_.x", "", "user", "u"))
	f.Add(uint32(2<<16), []byte{})
	f.Fuzz(func(t *testing.T, version uint32, body []byte) {
		s, err := parseStartup(version, body)
		if (s == nil) == (err == nil) {
			t.Fatal("neither an answer nor an error")
		}
		if s == nil {
			return
		}
		if s.User == "" || s.Database == "" || s.Version != Version30 && s.Version != Version32 {
			t.Errorf("%+v", s)
		}
		for _, p := range s.Parameters {
			if bytes.IndexByte([]byte(p.Name+p.Value), 0) >= 0 {
				t.Errorf("NUL in %+v", p)
			}
		}
	})
}
