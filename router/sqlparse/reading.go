package sqlparse

import "unicode/utf8"

// reading follows the words of a text, statement by statement.
type reading struct {
	parts  []Part
	bounds [][2]int // where each part's text begins and ends; -1: at the end of all

	cur    Part
	head   [8]headToken // the statement's first tokens
	count  int          // of its tokens; parentheses before the first word do not count
	start  int
	began  bool // start is set
	parens int
	prev   headToken // the token before
	call   Effect    // that of the function just named, if a parenthesis follows
	seen   mark
	atomic bool // inside BEGIN ATOMIC: semicolons do not end the statement
}

// mark says that a word was seen somewhere in the statement.
type mark uint8

const (
	sawHold mark = 1 << iota
	sawUpdate
	sawSet // or RESET
	sawSettings
	sawChain
	sawNo
)

var marked = map[string]mark{
	"hold": sawHold, "update": sawUpdate, "set": sawSet, "reset": sawSet,
	"pg_settings": sawSettings, "chain": sawChain, "no": sawNo,
}

// headToken is a short copy of a token.
type headToken struct {
	kind byte // 'w' word, 'n' name in quotes, 'l' literal, else the character
	n    uint8
	text [maxName]byte
}

func (h *headToken) word() string {
	if h.kind != 'w' {
		return ""
	}
	return string(h.text[:h.n])
}

// token counts a token and says whether it is the statement's first.
func (r *reading) token(kind byte, text []byte, at int) {
	if r.call.Kind != 0 {
		if kind == '(' {
			r.cur.add(r.call)
		}
		r.call = Effect{}
	}
	r.begin(at)
	r.prev.kind = kind
	r.prev.n = uint8(copy(r.prev.text[:], text))
	if r.count < len(r.head) {
		r.head[r.count] = r.prev
	}
	r.count++
}

func (r *reading) begin(at int) {
	if !r.began {
		r.began, r.start = true, at
	}
}

func (r *reading) literal(at int) { r.token('l', nil, at) }

// name takes an identifier that stood in quotes.
func (r *reading) name(text []byte, at int) {
	r.token('n', text, at)
	r.identifier(text[:min(len(text), maxName)])
}

func (r *reading) identifier(text []byte) {
	if e, ok := callWords[string(text)]; ok {
		r.call = e
	}
	if len(text) >= len("pg_temp") && isTempSchema(string(text)) {
		r.cur.add(Effect{Kind: TempObject})
	}
}

// blame marks the statement as one that could do anything.
func (r *reading) blame(word string) { r.cur.add(Effect{Kind: Unknown, Name: word}) }

// word takes a keyword or identifier.
func (r *reading) word(text []byte, at int) {
	var low [maxName]byte
	text = fold(low[:], text)
	before := r.prev
	if r.count == 0 {
		r.cur.Kind = firstWords[string(text)]
	}
	r.token('w', text, at)
	switch string(text) {
	case "temp", "temporary":
		r.temp(before.word())
	case "atomic":
		if before.word() == "begin" && r.cur.Kind == KindDDL {
			r.atomic = true
			r.blame("begin atomic")
		}
	case "hold", "update", "set", "reset", "pg_settings", "chain", "no":
		r.seen |= marked[string(text)]
	case "execute":
		if r.cur.Kind == KindExplain || before.word() == "as" {
			r.blame("execute")
		}
	default:
		r.identifier(text)
	}
}

// temp takes the word TEMP behind another: it makes something temporary
// only where the grammar has it as a keyword.
func (r *reading) temp(before string) {
	switch before {
	case "create", "replace", "local", "global", "into":
		if before != "into" || r.cur.Kind != KindInsert && r.cur.Kind != KindMerge {
			r.cur.add(Effect{Kind: TempObject})
		}
	}
}

func (r *reading) punct(c byte, at int) {
	switch c {
	case '(':
		r.parens++
		if r.count == 0 {
			r.begin(at)
			return
		}
	case ')':
		r.parens = max(0, r.parens-1)
	case ';':
		if r.parens == 0 && !r.atomic {
			r.endStatement(at)
			return
		}
	}
	r.token(c, nil, at)
}

// endStatement judges the statement whose text ends at end.
func (r *reading) endStatement(end int) {
	if r.count > 0 {
		r.judge()
		r.keep(end)
	}
	r.cur, r.count, r.parens, r.began, r.seen, r.call = Part{}, 0, 0, false, 0, Effect{}
	r.prev.kind = 0
}

func (r *reading) keep(end int) {
	if len(r.parts) < maxParts {
		r.parts = append(r.parts, r.cur)
		r.bounds = append(r.bounds, [2]int{r.start, end})
		return
	}
	last := &r.parts[maxParts-1]
	last.Kind = KindMulti
	last.add(Effect{Kind: Unknown, Name: "too many statements"})
	last.addAll(r.cur.Effects)
}

// judge adds what the statement's first words and its marks say.
func (r *reading) judge() {
	p := &r.cur
	if r.seen&sawSettings != 0 && r.seen&sawUpdate != 0 {
		p.add(Effect{Kind: ParamUnknown})
	}
	switch p.Kind {
	case KindEmpty:
		p.Kind = KindUnknown
	case KindDDL:
		second := r.at(1)
		if second == "database" || (second == "role" || second == "user") && r.seen&sawSet != 0 {
			p.add(Effect{Kind: DatabaseChanged})
		}
	default:
		r.session(p)
		r.transaction(p)
	}
}

// at is the n-th token if it is a word.
func (r *reading) at(n int) string {
	if n >= r.count || n >= len(r.head) {
		return ""
	}
	return r.head[n].word()
}

// ident is the n-th token if it is a name, in quotes or not, that we can read.
func (r *reading) ident(n int) string {
	if n >= r.count || n >= len(r.head) || r.head[n].kind != 'w' && r.head[n].kind != 'n' {
		return ""
	}
	text := r.head[n].text[:r.head[n].n]
	for cut := 0; cut < utf8.UTFMax && len(text)+cut >= maxName && !utf8.Valid(text); cut++ {
		text = text[:len(text)-1] // the server cuts between characters
	}
	if !utf8.Valid(text) {
		return "" // in what encoding?
	}
	return string(text)
}
