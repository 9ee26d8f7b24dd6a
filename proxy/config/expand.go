package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces the references in a text: ${env:NAME}, ${env:NAME:-default}
// (the default also for a variable that is empty, as in a shell) and
// ${file:path}, relative to the folder of the file it stands in and without its
// last line end. $${ stands for ${ itself. What is put in is not looked at again.
// An error quotes names, never the text: the text may be a password.
func (o outside) expand(text, file string) (out string, referred bool, err error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			b.WriteString(text)
			return b.String(), referred, nil
		}
		if head, escaped := strings.CutSuffix(before, "$"); escaped {
			b.WriteString(head + "${")
			text = rest
			continue
		}
		ref, rest, closed := strings.Cut(rest, "}")
		if !closed {
			return "", referred, fmt.Errorf("has a ${ that is not closed; write $${ for ${ itself")
		}
		value, err := o.resolve(ref, file)
		if err != nil {
			return "", true, err
		}
		b.WriteString(before + value)
		referred, text = true, rest
	}
}

// resolve returns what one reference stands for.
func (o outside) resolve(ref, file string) (string, error) {
	if spec, ok := strings.CutPrefix(ref, "env:"); ok {
		name, def, hasDefault := strings.Cut(spec, ":-")
		if !envName.MatchString(name) {
			return "", fmt.Errorf("has a reference without a name; write ${env:NAME} or ${env:NAME:-default}")
		}
		value, set := o.getenv(name)
		switch {
		case set && value != "":
			return value, nil
		case hasDefault:
			return def, nil
		case !set:
			return "", fmt.Errorf("the environment variable %s is not set; set it, or write ${env:%s:-default}", name, name)
		}
		return "", nil
	}
	if path, ok := strings.CutPrefix(ref, "file:"); ok && path != "" {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(file), path)
		}
		text, _, err := o.read(path, maxSecretFile)
		switch {
		case err != nil:
			return "", err
		case !utf8.Valid(text):
			return "", fmt.Errorf("read %s: not UTF-8 text", path)
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
	}
	return "", fmt.Errorf("has a reference of an unknown kind; write ${env:NAME}, ${file:/path}, or $${ for ${ itself")
}
