package web

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// family is a metric as a scraper sees it.
type family struct {
	help, kind string
	samples    []sample
}

type sample struct {
	name   string
	labels map[string]string
	value  float64
}

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*`)
	label      = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"[,}]`)
	unescape   = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n")
)

// parse reads Prometheus' text format, strictly: HELP and TYPE once and before
// the samples, families in one piece, no sample twice. It is written from the
// format's description, not from the writer, which it is there to check.
// (Prometheus' own parser would bring a newer protobuf into the product.)
func parse(page string) (map[string]*family, error) {
	if !strings.HasSuffix(page, "\n") {
		return nil, fmt.Errorf("the last line does not end")
	}
	families, seen := map[string]*family{}, map[string]bool{}
	current := ""
	for n, line := range strings.Split(strings.TrimSuffix(page, "\n"), "\n") {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("line %d, %q: %w", n+1, line, fmt.Errorf(format, args...))
		}
		if words := strings.SplitN(line, " ", 4); words[0] == "#" {
			switch {
			case len(words) < 4:
				return nil, fail("incomplete")
			case words[1] == "HELP" && families[words[2]] == nil:
				current = words[2]
				families[current] = &family{help: words[3]}
			case words[1] == "TYPE" && words[2] == current && families[current].kind == "":
				families[current].kind = words[3]
			default:
				return nil, fail("out of order")
			}
			continue
		}
		s, err := parseSample(line)
		if err != nil {
			return nil, fail("%w", err)
		}
		f := families[current]
		suffix := strings.TrimPrefix(s.name, current)
		if f == nil || f.kind == "" || suffix != "" && (f.kind != "histogram" || suffix != "_bucket" && suffix != "_sum" && suffix != "_count") {
			return nil, fail("not of family %s", current)
		}
		if id := line[:strings.LastIndexByte(line, ' ')]; seen[id] {
			return nil, fail("twice")
		} else {
			seen[id] = true
		}
		f.samples = append(f.samples, s)
	}
	return families, nil
}

func parseSample(line string) (sample, error) {
	s := sample{name: metricName.FindString(line), labels: map[string]string{}}
	rest := line[len(s.name):]
	if s.name == "" {
		return s, fmt.Errorf("no name")
	}
	if strings.HasPrefix(rest, "{") {
		for done := false; !done; {
			m := label.FindStringSubmatch(rest[1:])
			if m == nil {
				return s, fmt.Errorf("bad label at %q", rest)
			}
			if _, twice := s.labels[m[1]]; twice {
				return s, fmt.Errorf("label %s twice", m[1])
			}
			s.labels[m[1]] = unescape.Replace(m[2])
			rest = rest[len(m[0]):]
			done = strings.HasPrefix(rest, "}")
		}
		rest = rest[1:]
	}
	value, err := strconv.ParseFloat(strings.TrimPrefix(rest, " "), 64)
	s.value = value
	if !strings.HasPrefix(rest, " ") {
		return s, fmt.Errorf("no space before the value")
	}
	return s, err
}
