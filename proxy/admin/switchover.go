package admin

import (
	"context"

	"github.com/wyeproxy/wye/proxy/stats"
)

// parseSwitchover reads SWITCHOVER [database [node]]. Unlike the other verbs
// it says what it did, in one row: nobody chose the server that was promoted
// if the operator did not.
func parseSwitchover(_ *session, a *args) (*plan, error) {
	database, named := a.name()
	node := ""
	if named {
		node = a.address()
	}
	return &plan{
		columns: []stats.Column{{Name: "switchover", Type: stats.Text}},
		run: func(ctx context.Context, s *session) (answer, error) {
			text, err := s.control.Switchover(ctx, database.text, node)
			return answer{rows: [][]stats.Cell{{{Text: text}}}, tag: "SWITCHOVER"}, err
		},
	}, nil
}

// address removes the next tokens if they are a server's address: host:port
// as it is, or in quotes of either kind. It is "" if there is none.
func (a *args) address() (text string) {
	if len(a.rest) == 0 || a.rest[0].text == "" {
		return ""
	}
	t := a.rest[0]
	a.rest = a.rest[1:]
	if t.kind == str || t.kind == quoted {
		return t.text
	}
	text = t.text
	for len(a.rest) > 0 && a.rest[0].pos == t.pos+len(text) && (a.rest[0].kind == word || a.rest[0].kind == symbol) {
		text += a.rest[0].text
		a.rest = a.rest[1:]
	}
	return text
}
