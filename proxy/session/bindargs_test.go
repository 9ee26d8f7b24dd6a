package session

import (
	"encoding/binary"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/router/sqlparse"
)

// bindTail is a Bind message after its two names, made by another encoder.
func bindTail(t testing.TB, formats []int16, args ...[]byte) []byte {
	t.Helper()
	frame, err := (&pgproto3.Bind{ParameterFormatCodes: formats, Parameters: args}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return frame[5+2:]
}

func TestBindArgs(t *testing.T) {
	for _, c := range []struct {
		name    string
		formats []int16
		args    [][]byte
		binary  []bool
	}{
		{"none", nil, nil, nil},
		{"text, NULL, empty", nil, [][]byte{[]byte("a"), nil, {}}, []bool{false, false, false}},
		{"one format for all", []int16{1}, [][]byte{{1}, {0}}, []bool{true, true}},
		{"a format each", []int16{0, 1}, [][]byte{[]byte("x"), {1}}, []bool{false, true}},
	} {
		got, ok := bindArgs(bindTail(t, c.formats, c.args...))
		if !ok || len(got) != len(c.args) {
			t.Errorf("%s: %d arguments, %v", c.name, len(got), ok)
			continue
		}
		for i := range got {
			if string(got[i].value) != string(c.args[i]) || (got[i].value == nil) != (c.args[i] == nil) || got[i].binary != c.binary[i] {
				t.Errorf("%s: argument %d is %+v", c.name, i+1, got[i])
			}
		}
	}
}

// set_config with bound arguments is followed exactly where they can be read.
func TestResolve(t *testing.T) {
	effect := sqlparse.Effect{Kind: sqlparse.SetParam, NameArg: 1, ValueArg: 2, LocalArg: 3}
	args := func(formats []int16, values ...[]byte) []arg {
		a, ok := bindArgs(bindTail(t, formats, values...))
		if !ok {
			t.Fatal("malformed")
		}
		return a
	}
	text := func(s string) []byte { return []byte(s) }
	for _, c := range []struct {
		name string
		args []arg
		want sqlparse.Effect
	}{
		{"text", args(nil, text("Work_Mem"), text("1MB"), text("f")), sqlparse.Effect{Kind: sqlparse.SetParam, Name: "work_mem", Value: "1MB"}},
		{"binary boolean", args([]int16{0, 0, 1}, text("work_mem"), text("1MB"), []byte{1}), sqlparse.Effect{Kind: sqlparse.SetParam, Name: "work_mem", Value: "1MB", Local: true}},
		{"NULL resets", args(nil, text("work_mem"), nil, text("off")), sqlparse.Effect{Kind: sqlparse.ResetParam, Name: "work_mem"}},
		{"NULL name", args(nil, nil, text("1MB"), text("f")), effect},
		{"too few", args(nil, text("work_mem")), effect},
		{"odd boolean", args(nil, text("work_mem"), text("1MB"), text("perhaps")), effect},
	} {
		got := resolve(effect, c.args)
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func FuzzBindArgs(f *testing.F) {
	f.Add(bindTail(f, nil, []byte("a"), nil))
	f.Add(bindTail(f, []int16{1, 0}, []byte("a"), []byte("b")))
	f.Add([]byte{0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe})
	f.Add([]byte{0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		args, ok := bindArgs(b)
		if !ok {
			return
		}
		total := 0
		for _, a := range args {
			total += len(a.value)
			boolArg(a)
		}
		if total > len(b) || len(b) >= 4 && len(args) > 1<<16 {
			t.Errorf("%d bytes of arguments in %d", total, len(b))
		}
		_ = formatOf(b[:min(2*int(binary.BigEndian.Uint16(append(b, 0, 0))), len(b))], 3)
	})
}
