package shardfunc

import "testing"

func TestVectors(t *testing.T) {
	for _, c := range []struct {
		v         Value
		hash, row uint64
	}{
		{Int(0), 14043151463718383821, 901916981443598768},
		{Int(1), 5968994663651403477, 11274504255086170040},
		{Int(42), 7363975540656877951, 12669485132091644514},
		{Int(-1), 13429671726050313922, 288437243775528869},
		{Int(1 << 40), 5769331814454937003, 11074841405889703566},
		{String(Text, ""), 12746098489256034243, 18051608080690800806},
		{String(Text, "a"), 11741518614589318779, 17047028206024085342},
		{String(Text, "tenant_a"), 7092130541490237763, 12397640132925004326},
	} {
		if h, r := Hash(c.v), RowHash(c.v); h != c.hash || r != c.row {
			t.Errorf("%s: hash %d, row %d, not %d, %d", c.v, h, r, c.hash, c.row)
		}
	}
}

func BenchmarkRowHash(b *testing.B) {
	for name, v := range map[string]Value{"int8": Int(42), "text": String(Text, "sixteen letters!"), "uuid": {typ: UUID, form: plain, s: "0123456789abcdef"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			key := []Value{v}
			sum := uint64(0)
			for b.Loop() {
				sum += RowHash(key...)
			}
			_ = sum
		})
	}
}
