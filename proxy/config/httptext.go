package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Condition is a name and what its value must be: there, equal to Value, or
// like Like.
type Condition struct {
	Name, Value string
	Like        *regexp.Regexp
}

// ReadCondition reads "name", "name=value" or "name~regexp".
func ReadCondition(text string) (Condition, error) {
	i := strings.IndexAny(text, "=~")
	if i < 0 {
		i = len(text)
	}
	c := Condition{Name: text[:i]}
	if c.Name == "" || strings.ContainsAny(c.Name, " :\t") {
		return c, errors.New(`must be "name", "name=value" or "name~regexp"`)
	}
	switch rest := text[i:]; {
	case rest == "=", rest == "~":
		return c, errors.New("has nothing after " + rest)
	case strings.HasPrefix(rest, "="):
		c.Value = rest[1:]
	case rest != "":
		var err error
		if c.Like, err = regexp.Compile(rest[1:]); err != nil {
			return c, err
		}
	}
	return c, nil
}

// HeaderChange is one change to a head: '=' sets, '+' adds, '-' removes.
type HeaderChange struct {
	How         byte
	Name, Value string
}

// ReadHeaderChange reads "Name: value", "+Name: value" or "-Name".
func ReadHeaderChange(text string) (HeaderChange, error) {
	c := HeaderChange{How: '='}
	if text != "" && (text[0] == '+' || text[0] == '-') {
		c.How, text = text[0], text[1:]
	}
	name, value, given := strings.Cut(text, ":")
	c.Name, c.Value = name, strings.TrimSpace(value)
	if name == "" || strings.ContainsAny(name, " \t") || given == (c.How == '-') {
		return c, errors.New(`must be "Name: value", "+Name: value" or "-Name"`)
	}
	return c, nil
}

// ReadKey reads what requests have in common: "address", "uri", "header NAME"
// or "cookie NAME".
func ReadKey(text string) (from, name string, err error) {
	from, name, _ = strings.Cut(text, " ")
	named := from == "header" || from == "cookie"
	if !named && from != "address" && from != "uri" || named == (name == "") {
		return "", "", fmt.Errorf(`must be address, uri, "header NAME" or "cookie NAME"`)
	}
	return from, name, nil
}
