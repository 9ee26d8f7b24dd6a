package connpool

import "strings"

// quotedLists are the parameters whose value is a list of quoted identifiers
// (GUC_LIST_QUOTE in src/backend/utils/misc/guc_tables.c): SET takes such a
// list element by element.
var quotedLists = map[string]bool{
	"search_path": true, "temp_tablespaces": true, "local_preload_libraries": true,
	"session_preload_libraries": true, "shared_preload_libraries": true,
}

// appendSet appends `SET name TO value;`. value is as current_setting shows
// it, and plain ASCII, so that no encoding can make a quote of its bytes.
func appendSet(sql []byte, name, value string) []byte {
	sql = append(sql, "set "...)
	for i, part := range strings.Split(name, ".") {
		if i > 0 {
			sql = append(sql, '.')
		}
		sql = append(sql, '"')
		sql = append(sql, strings.ReplaceAll(part, `"`, `""`)...)
		sql = append(sql, '"')
	}
	sql = append(sql, " to "...)
	if !quotedLists[name] {
		return append(appendLiteral(sql, value), "; "...)
	}
	elements := identifiers(value)
	if len(elements) == 0 {
		elements = []string{""}
	}
	for i, e := range elements {
		if i > 0 {
			sql = append(sql, ", "...)
		}
		sql = appendLiteral(sql, e)
	}
	return append(sql, "; "...)
}

// appendLiteral quotes so that it means the same whatever
// standard_conforming_strings says.
func appendLiteral(sql []byte, value string) []byte {
	sql = append(sql, " E'"...)
	for i := 0; i < len(value); i++ {
		if value[i] == '\'' || value[i] == '\\' {
			sql = append(sql, value[i])
		}
		sql = append(sql, value[i])
	}
	return append(sql, '\'')
}

// identifiers splits a list as SplitIdentifierString does: elements between
// commas, quoted ones with doubled quotes, others folded to lower case.
func identifiers(list string) []string {
	var elements []string
	for {
		list = strings.TrimLeft(list, " \t\n\r\f\v")
		if list == "" {
			return elements
		}
		var e string
		if list[0] == '"' {
			e, list = quotedIdentifier(list[1:])
		} else {
			end := strings.IndexByte(list, ',')
			if end < 0 {
				end = len(list)
			}
			e, list = strings.ToLower(strings.TrimRight(list[:end], " \t\n\r\f\v")), list[end:]
		}
		elements = append(elements, e)
		_, list, _ = strings.Cut(list, ",")
	}
}

// quotedIdentifier reads up to the closing quote.
func quotedIdentifier(s string) (name, rest string) {
	var b strings.Builder
	for {
		end := strings.IndexByte(s, '"')
		if end < 0 {
			return b.String() + s, ""
		}
		b.WriteString(s[:end])
		s = s[end+1:]
		if !strings.HasPrefix(s, `"`) {
			return b.String(), s
		}
		b.WriteByte('"')
		s = s[1:]
	}
}

func asciiOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 || s[i] == 0 {
			return false
		}
	}
	return true
}
