package rewrite

import (
	"fmt"
	"iter"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Walk shows visit every message at and below m, parents first and in
// the order of the text as far as the tree has it, and goes below those for
// which it returns true.
func Walk(m proto.Message, visit func(proto.Message) bool) {
	r := m.ProtoReflect()
	if !r.IsValid() || !visit(m) {
		return
	}
	for f, v := range fields(r) {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i := range v.List().Len() {
				Walk(v.List().Get(i).Message().Interface(), visit)
			}
		default:
			Walk(v.Message().Interface(), visit)
		}
	}
}

// fields are those of m that are set, in the order of their declaration:
// protobuf's own Range has no order.
func fields(m protoreflect.Message) iter.Seq2[protoreflect.FieldDescriptor, protoreflect.Value] {
	return func(yield func(protoreflect.FieldDescriptor, protoreflect.Value) bool) {
		all := m.Descriptor().Fields()
		// A Node is one of hundreds of kinds, of which one is set.
		if of := m.Descriptor().Oneofs(); of.Len() == 1 && of.Get(0).Fields().Len() == all.Len() {
			if f := m.WhichOneof(of.Get(0)); f != nil {
				yield(f, m.Get(f))
			}
			return
		}
		for i := range all.Len() {
			if f := all.Get(i); m.Has(f) && !yield(f, m.Get(f)) {
				return
			}
		}
	}
}

// walkBlock is Walk that stays out of blocks inside: those of sub-queries.
func walkBlock(m proto.Message, visit func(proto.Message) bool) {
	Walk(m, func(m proto.Message) bool {
		if _, inner := m.(*pg_query.SelectStmt); inner {
			return false
		}
		return visit(m)
	})
}

// walkAll is walkBlock over a list.
func walkAll(nodes []*pg_query.Node, visit func(proto.Message) bool) {
	for _, n := range nodes {
		walkBlock(n, visit)
	}
}

// rebuild copies n. What swap answers for stands in the copy as it is.
func rebuild(n *pg_query.Node, swap func(*pg_query.Node) (*pg_query.Node, bool)) *pg_query.Node {
	if n == nil {
		return nil
	}
	if other, ok := swap(n); ok {
		return other
	}
	out := &pg_query.Node{}
	copyInto(out.ProtoReflect(), n.ProtoReflect(), swap)
	return out
}

func copyInto(dst, src protoreflect.Message, swap func(*pg_query.Node) (*pg_query.Node, bool)) {
	one := func(v protoreflect.Value) protoreflect.Value {
		if n, ok := v.Message().Interface().(*pg_query.Node); ok {
			return protoreflect.ValueOfMessage(rebuild(n, swap).ProtoReflect())
		}
		made := v.Message().New()
		copyInto(made, v.Message(), swap)
		return protoreflect.ValueOfMessage(made)
	}
	for f, v := range fields(src) {
		switch {
		case f.Kind() != protoreflect.MessageKind:
			dst.Set(f, v) // no list of scalars stands in a parse tree
		case f.IsList():
			list := dst.Mutable(f).List()
			for i := range v.List().Len() {
				list.Append(one(v.List().Get(i)))
			}
		default:
			dst.Set(f, one(v))
		}
	}
}

func clone[M proto.Message](m M) M { return proto.Clone(m).(M) }

func cloneAll(nodes []*pg_query.Node) []*pg_query.Node {
	out := make([]*pg_query.Node, len(nodes))
	for i, n := range nodes {
		out[i] = clone(n)
	}
	return out
}

// fingerprint writes all of m but where things stood in the text, so that equal
// texts are equal trees. name may give another spelling of a column.
func fingerprint(b *strings.Builder, m protoreflect.Message, name func(*pg_query.ColumnRef) string) {
	if ref, ok := m.Interface().(*pg_query.ColumnRef); ok && name != nil {
		if s := name(ref); s != "" {
			fmt.Fprintf(b, "<%q>", s)
			return
		}
	}
	for f, v := range fields(m) {
		if isPlace(f) {
			continue
		}
		fmt.Fprintf(b, "%d", f.Number())
		switch {
		case f.Kind() != protoreflect.MessageKind:
			fmt.Fprintf(b, "=%q", v.String())
		case f.IsList():
			b.WriteByte('[')
			for i := range v.List().Len() {
				fingerprint(b, v.List().Get(i).Message(), name)
				b.WriteByte(',')
			}
			b.WriteByte(']')
		default:
			b.WriteByte('{')
			fingerprint(b, v.Message(), name)
			b.WriteByte('}')
		}
	}
}

// Same reports whether two trees differ only in where things stood.
func Same(a, b proto.Message) bool { return alike(a.ProtoReflect(), b.ProtoReflect()) }

func alike(a, b protoreflect.Message) bool {
	if a.Descriptor() != b.Descriptor() || a.IsValid() != b.IsValid() {
		return false
	}
	n := 0
	for f, v := range fields(a) {
		if isPlace(f) {
			continue
		}
		if n++; !b.Has(f) || !alikeValues(f, v, b.Get(f)) {
			return false
		}
	}
	for f := range fields(b) {
		if !isPlace(f) {
			n--
		}
	}
	return n == 0
}

func alikeValues(f protoreflect.FieldDescriptor, a, b protoreflect.Value) bool {
	switch {
	case f.Kind() != protoreflect.MessageKind:
		return a.Equal(b)
	case !f.IsList():
		return alike(a.Message(), b.Message())
	}
	x, y := a.List(), b.List()
	if x.Len() != y.Len() {
		return false
	}
	for i := range x.Len() {
		if !alike(x.Get(i).Message(), y.Get(i).Message()) {
			return false
		}
	}
	return true
}

// isPlace reports whether a field says where something stood in the text.
func isPlace(f protoreflect.FieldDescriptor) bool {
	return strings.HasSuffix(string(f.Name()), "location") || strings.HasPrefix(string(f.Name()), "stmt_l")
}
