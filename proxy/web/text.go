package web

import (
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/proxy/stats"
)

// exposition writes Prometheus' text format, version 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats).
type exposition struct{ buf []byte }

// family begins a metric; its samples must follow before the next family.
func (e *exposition) family(name, kind, help string) {
	e.buf = append(e.buf, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

// sample writes one value; labels are names and values in turn.
func (e *exposition) sample(name string, value float64, labels ...string) {
	e.buf = append(e.buf, name...)
	for i := 0; i+1 < len(labels); i += 2 {
		e.buf = append(e.buf, "{,"[min(i, 1)])
		e.buf = append(e.buf, labels[i]...)
		e.buf = append(e.buf, '=', '"')
		e.buf = append(e.buf, escape.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD"))...)
		e.buf = append(e.buf, '"')
	}
	if len(labels) > 0 {
		e.buf = append(e.buf, '}')
	}
	e.buf = append(e.buf, ' ')
	e.buf = strconv.AppendFloat(e.buf, value, 'g', -1, 64)
	e.buf = append(e.buf, '\n')
}

// one is a family of a single sample.
func (e *exposition) one(name, kind, help string, value float64) {
	e.family(name, kind, help)
	e.sample(name, value)
}

// histogram writes the cumulated buckets, in seconds, the sum and the count.
func (e *exposition) histogram(name string, h *stats.Histogram, sum float64, labels ...string) {
	var cumulated int64
	for i, n := range h {
		cumulated += n
		bound := "+Inf"
		if i < len(stats.Buckets) {
			bound = strconv.FormatFloat(stats.Buckets[i].Seconds(), 'g', -1, 64)
		}
		e.sample(name+"_bucket", float64(cumulated), append(labels[:len(labels):len(labels)], "le", bound)...)
	}
	e.sample(name+"_sum", sum, labels...)
	e.sample(name+"_count", float64(cumulated), labels...)
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
