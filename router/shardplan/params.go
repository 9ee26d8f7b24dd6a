package shardplan

import (
	"strconv"
	"strings"
)

// template is SQL text with its parameters cut out: text[i] stands before
// parameter params[i].
type template struct {
	text   []string
	params []int
}

// cutParams cuts SQL that sqlparse.Deparse has printed, in which strings are
// '...' or E'...', names may be quoted, and there are no comments.
func cutParams(sql string) template {
	t, from := template{}, 0
	for i := 0; i < len(sql); {
		c := sql[i]
		switch {
		case c == '\'' || c == '"':
			escapes := c == '\'' && i > 0 && (sql[i-1] == 'E' || sql[i-1] == 'e') && (i < 2 || !inName(sql[i-2]))
			i = closing(sql, i+1, c, escapes)
		case c == '$' && i+1 < len(sql) && isDigit(sql[i+1]) && (i == 0 || !inName(sql[i-1])):
			end := i + 1
			for end < len(sql) && isDigit(sql[end]) {
				end++
			}
			n, _ := strconv.Atoi(sql[i+1 : end])
			t.text, t.params = append(t.text, sql[from:i]), append(t.params, n)
			from, i = end, end
		default:
			i++
		}
	}
	t.text = append(t.text, sql[from:])
	return t
}

func closing(sql string, i int, q byte, escapes bool) int {
	for ; i < len(sql); i++ {
		switch {
		case sql[i] == '\\' && escapes:
			i++
		case sql[i] == q:
			return i + 1 // a doubled quote begins another string, which is as good
		}
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func inName(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c >= 0x80
}

// numbering gives parameters new numbers, in the order in which they are met.
type numbering struct {
	clients int   // how many parameters are the client's; those above are of subs
	args    []int // the client's, in their new order
	subs    []int
}

// collect notes the parameters of t.
func (n *numbering) collect(t template) {
	for _, p := range t.params {
		list := &n.args
		if p > n.clients {
			list, p = &n.subs, p-n.clients-1
		}
		if indexOf(*list, p) < 0 {
			*list = append(*list, p)
		}
	}
}

// write appends t with its new numbers to b. All has been collected before.
func (n *numbering) write(b *strings.Builder, t template) {
	for i, p := range t.params {
		b.WriteString(t.text[i])
		b.WriteByte('$')
		at := 0
		if p > n.clients {
			at = len(n.args) + indexOf(n.subs, p-n.clients-1)
		} else {
			at = indexOf(n.args, p)
		}
		b.WriteString(strconv.Itoa(at + 1))
	}
	b.WriteString(t.text[len(t.text)-1])
}

func indexOf(list []int, v int) int {
	for i, one := range list {
		if one == v {
			return i
		}
	}
	return -1
}

// renumber makes the text of a leg of t.
func renumber(t template, clients int) (sql string, args, subs []int) {
	n := numbering{clients: clients}
	n.collect(t)
	var b strings.Builder
	n.write(&b, t)
	return b.String(), n.args, n.subs
}
