// Package config turns one strict YAML file (or a postgres:// URL) into a
// validated [Config], and says everything that is wrong with it at once.
//
// It owns the settings: their names, types, units, bounds, defaults, texts, and
// which of them a reload can change. All of that stands in the struct tags of
// config.go, listeners.go, users.go and clusters.go; the decoder, the
// defaults, [Settings], [Dump], [Diff] and docs/reference/settings.md are read
// from there, so a setting is added in one place.
//
// The way through: load.go reads files and includes, tree.go and json.go make
// a tree that knows its positions, expand.go puts in ${env:} and ${file:},
// decode.go and scalar.go fill the structs, defaults.go fills what is left, and
// the check files look at how settings fit together.
//
// It never dials, never reads the clock, never logs, and never prints a
// secret: neither a [Secret] nor a string that came from ${env:} or ${file:}.
// A Config is plain data, not changed after Load, so any goroutine may read it.
//
// When it breaks: a wrong position is tree.go (or syntax.go for text that is not
// YAML at all); a wrong message is beside its type in scalar.go or in the
// check files; testdata/config holds a golden for each of them.
package config
