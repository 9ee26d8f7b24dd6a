package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/wyeproxy/wye/proxy/stats"
)

// view answers /api/<view>: the rows of SHOW <view> as objects.
func view(control Control) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, ok := stats.LookupView(r.PathValue("view"))
		if !ok {
			writeJSON(w, http.StatusNotFound, map[string]any{"error": "no such view", "views": stats.ViewNames()})
			return
		}
		table := v.Table(control.Snapshot())
		rows := make([]object, len(table.Rows))
		for i, cells := range table.Rows {
			rows[i] = object{table.Columns, cells}
		}
		writeJSON(w, http.StatusOK, rows)
	})
}

// object is one row; its keys keep the order of the columns.
type object struct {
	columns []stats.Column
	cells   []stats.Cell
}

// MarshalJSON writes integers as numbers and NULL as null.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	sep := byte('{')
	for i, c := range o.cells {
		b.WriteByte(sep)
		sep = ','
		name, _ := json.Marshal(o.columns[i].Name) // a string always marshals
		b.Write(name)
		b.WriteByte(':')
		switch typ := o.columns[i].Type; {
		case c.Null:
			b.WriteString("null")
		case typ == stats.Int4 || typ == stats.Int8 || typ == stats.Numeric:
			b.WriteString(c.Text)
		default:
			value, _ := json.Marshal(strings.ToValidUTF8(c.Text, "\uFFFD"))
			b.Write(value)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// profiles are Go's, without the default mux that importing pprof fills.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
