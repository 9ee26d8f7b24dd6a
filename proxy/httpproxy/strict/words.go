package strict

// TokenLen is how much of the beginning of s a token takes (RFC 9110, 5.6.2).
func TokenLen(s string) int { return run(s, tchar) }

// ValueLen is how much of the beginning of s a field's value takes, white space
// around it included (RFC 9110, 5.5).
func ValueLen[T string | []byte](s T) int { return run(s, vchar) }
