package sqlparse

// bodyEffects looks for words that change a session in text that is to run
// but is not ours to parse: the body of a DO, or SQL in a string. It reads
// words everywhere, in quotes and comments too, since such a body often
// builds its statements from strings; so it sees too much rather than too little.
func bodyEffects(p *Part, text string) {
	src := []byte(text)
	var low [maxName]byte
	assigns := false // SET belongs to an UPDATE or ALTER
	for i := 0; i < len(src); {
		switch {
		case classes[src[i]] == letter:
			end := wordEnd(src, i)
			word := fold(low[:], src[i:end])
			switch string(word) {
			case "update", "alter":
				assigns = true
			case "set", "set_config", "reset":
				if !assigns || len(word) > len("set") {
					p.add(Effect{Kind: ParamUnknown})
				}
			case "temp", "temporary":
				p.add(Effect{Kind: TempObject})
			case "discard", "prepare", "deallocate", "listen", "unlisten", "load", "hold":
				p.add(Effect{Kind: Unknown, Name: string(word)})
			default:
				if e, ok := callWords[string(word)]; ok {
					p.add(e)
				} else if isTempSchema(string(word)) {
					p.add(Effect{Kind: TempObject})
				}
			}
			i = end
		default:
			assigns = assigns && src[i] != ';'
			i++
		}
	}
}
