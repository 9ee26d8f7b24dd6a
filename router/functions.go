package router

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// function judges a call. Without a schema, every function of that name that
// takes so many arguments has to pass.
func (j *judge) function(c sqlparse.Call) (why string) {
	if c.Schema == "" && j.snapshot == nil {
		// Perhaps PostgreSQL's own, perhaps one that fits its arguments better.
		return first(j.listed(c.Name), j.unknown("function "+c.Name))
	}
	known := false
	if c.Schema == "" || c.Schema == "pg_catalog" {
		var v catalog.Volatility
		v, known = j.snapshot.Builtin(c.Name)
		why = j.builtin(c.Name, v, known)
	}
	for _, f := range j.snapshot.Functions(c.Schema, c.Name) {
		if f.Takes(c.Args) {
			why, known = first(why, j.own(f)), true
		}
	}
	if !known {
		return first(j.listed(c.Name), j.unknown("function "+quote(c.Schema, c.Name)))
	}
	// f(x) may also mean x::f.
	return first(why, each(j.snapshot.Types(c.Schema, c.Name), j.ownType))
}

// listed is the reason against a function of this name in whatever schema.
func (j *judge) listed(name string) string {
	why := catalog.Silent(name)
	if why == "" {
		return ""
	}
	acts := catalog.Acts(name)
	runs := catalog.RunsText(name)
	j.does.add(deeds{changes: acts || runs || name == "nextval" || name == "setval", all: runs, ddl: runs, acts: acts || runs})
	return "function " + name + " " + why
}

// samplers are the TABLESAMPLE methods of PostgreSQL. Nobody can call them as
// functions: they take an internal.
var samplers = map[string]bool{"system": true, "bernoulli": true}

func (j *judge) builtin(name string, v catalog.Volatility, known bool) string {
	if !known {
		return ""
	}
	if why := j.listed(name); why != "" {
		return why
	}
	switch {
	case catalog.OneServers(name):
		j.does.add(deeds{changes: catalog.Acts(name), acts: catalog.Acts(name)})
		return "function " + name + " tells of one server or its catalog"
	case (v == catalog.Volatile || v == catalog.Internal) && !samplers[name]:
		j.does.add(deeds{changes: !catalog.Idle(name)})
		return "function " + name + " is " + v.String()
	}
	j.perTransaction = j.perTransaction || catalog.PerTransaction(name)
	if v != catalog.Immutable && !catalog.Steady(name) {
		j.unsteady = first(j.unsteady, "function "+name+" is "+v.String())
	}
	return ""
}

// ref judges a function that the catalog names.
func (j *judge) ref(r catalog.Ref) string {
	if r.Function != nil {
		return j.own(r.Function)
	}
	// Internal is what a support function of an aggregate is.
	switch v, ok := j.snapshot.Builtin(r.Name); {
	case !ok:
		return first(j.listed(r.Name), j.unknown("function "+r.Name))
	case v == catalog.Internal:
		return j.listed(r.Name)
	default:
		return j.builtin(r.Name, v, true)
	}
}

// own judges a function of the database. Of an extension's functions, and of
// no others, the label is believed: PostgreSQL itself relies on it, and its
// authors know what it means. A function in sql or plpgsql is searched for
// the names of all that may not run; in another language, or where it runs
// text that it puts together, nothing can be known.
func (j *judge) own(f *catalog.Function) string {
	if why := j.listed(f.Name); why != "" {
		j.does.add(may(f))
		return why
	}
	return j.visit(f, func(j *judge) string {
		name := "function " + f.Name
		switch {
		case f.Volatility == catalog.Volatile:
			j.does.add(may(f))
			return name + " is volatile"
		case f.Aggregate:
			return inside("aggregate "+f.Name, each(f.Support, j.ref))
		case f.Extension:
			j.perTransaction = j.perTransaction || f.Volatility != catalog.Immutable
			j.anyTables = j.anyTables || f.Volatility != catalog.Immutable
			if f.Volatility != catalog.Immutable {
				j.unsteady = first(j.unsteady, name+" is "+f.Volatility.String())
			}
			return ""
		case f.Source == "":
			j.does.add(may(f))
			return name + " is written in " + f.Language
		}
		why := inside(name, j.source(f.Source))
		if why != "" {
			j.does.add(may(f))
		}
		return why
	})
}

// may is what a function of the database does if it is no proven read.
func may(f *catalog.Function) deeds {
	return deeds{changes: true, all: true, ddl: f.DDL, acts: f.Locks}
}

// field judges b in a.b: if a is a row without such a column, this calls b(a).
func (j *judge) field(name string) string {
	// PostgreSQL's own functions that take any row are all reads.
	return each(j.snapshot.Functions("", name), func(f *catalog.Function) string {
		if !f.OfRow {
			return ""
		}
		return j.own(f)
	})
}

// source searches the text of a function, word by word, whatever is quoted or
// a comment: a word that is the name of something forbidden forbids it all.
func (j *judge) source(text string) (why string) {
	text = j.ownSettings(text)
	lower := strings.Map(foldASCII, text)
	switch {
	case strings.Contains(lower, "u&\""):
		why = "it has escaped names"
	case strings.Contains(lower, "pg_temp."):
		why = "it reads temporary tables"
	}
	done := map[string]bool{}
	look := func(word string) {
		if word = clip(word); !done[word] {
			done[word] = true
			why = first(why, j.word(word))
		}
	}
	for word := range strings.FieldsFuncSeq(lower, notInName) {
		look(word)
	}
	// Names in capitals, or with spaces in them, are none of these words.
	for _, quoted := range quotedNames.FindAllString(text, -1) {
		look(strings.ReplaceAll(quoted[1:len(quoted)-1], `""`, `"`))
	}
	for o := range j.snapshot.AllOperators {
		if strings.Contains(text, o.Name) {
			why = first(why, inside("operator "+o.Name, j.ref(o.Function)))
		}
	}
	return why
}

var quotedNames = regexp.MustCompile(`"(?:[^"]|"")*"`)

// notInName: c is in no name that is written without quotes.
func notInName(c rune) bool {
	return c < 0x80 && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '_' && c != '$'
}

// foldASCII folds a name as a server with a multi-byte encoding does.
func foldASCII(c rune) rune {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// clip cuts a name as the server does: at NAMEDATALEN - 1 bytes, between characters.
func clip(name string) string {
	const most = 63
	if len(name) <= most {
		return name
	}
	n := most
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n]
}

// word judges whatever may be called w.
func (j *judge) word(w string) string {
	switch why := j.listed(w); {
	case w == "execute":
		return "it runs SQL text"
	case w == "refcursor":
		return "it opens a cursor"
	case why != "":
		return why
	case w == "information_schema", strings.HasPrefix(w, "pg_") && w != "pg_catalog" && w != "pg_temp" && catalog.OneServers(w):
		return w + " is of one server or its catalog"
	}
	if v, ok := j.snapshot.Builtin(w); ok && v != catalog.Internal {
		if why := j.builtin(w, v, ok); why != "" {
			return why
		}
	}
	j.perTransaction = j.perTransaction || catalog.PerTransaction(w)
	return first(each(j.snapshot.Functions("", w), j.own), each(j.snapshot.Relations("", w), j.ownRelation),
		each(j.snapshot.Types("", w), j.ownType))
}

// ownSettings takes out of text from the catalog the calls of
// current_setting that name a parameter with a dot: PostgreSQL has none of
// that kind, so it is the session's, and says nothing of the server.
func (j *judge) ownSettings(text string) string {
	if !strings.Contains(text, "current_setting") || len(j.snapshot.Functions("", "current_setting")) > 0 {
		return text
	}
	j.perTransaction = true // SET LOCAL
	return ownSetting.ReplaceAllString(text, "quote_literal($1")
}

var ownSetting = regexp.MustCompile(`\bcurrent_setting\s*\(\s*('[A-Za-z_][A-Za-z_0-9]*\.[A-Za-z_0-9.]*')`)
