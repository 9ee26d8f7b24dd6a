package session

import (
	"encoding/binary"
	"slices"

	"github.com/wyeproxy/wye/router/plan"
)

// leadTypes are the types of columns, by the lead shard's numbers.
func (s *Session) leadTypes(shard int, columns []byte) []uint32 {
	return s.leading(shard, columnTypes(columns))
}

// parameterTypes are the types of the client's parameters, by the lead
// shard's numbers.
func (s *Session) parameterTypes(d *Description) []uint32 { return s.leading(d.shard, d.types()) }

// leading replaces numbers of types by those of the lead shard.
func (s *Session) leading(shard int, types []uint32) []uint32 {
	for i, oid := range types {
		types[i] = s.leadType(shard, oid)
	}
	return types
}

func (s *Session) leadType(shard int, oid uint32) uint32 {
	if oid >= firstNormalOID {
		return s.shards.all.Planner.LeadType(shard, oid)
	}
	return oid
}

// firstNormalOID is where numbers of types begin that databases give
// themselves (FirstNormalObjectId in src/include/access/transam.h).
const firstNormalOID = 16384

// anyOwnType reports whether an argument has a type whose number shards may
// not share.
func anyOwnType(args []plan.Arg) bool {
	return slices.ContainsFunc(args, func(a plan.Arg) bool { return a.OID >= firstNormalOID })
}

// argsAt are arguments, whose types have the lead shard's numbers, as shard k
// knows them.
func (s *Session) argsAt(k int, args []plan.Arg) ([]plan.Arg, error) {
	out := slices.Clone(args)
	for i := range out {
		a := &out[i]
		if a.OID < firstNormalOID {
			continue
		}
		if element, ok := s.elementOf(a); ok {
			own, array := s.shards.all.Planner.ShardType(k, element)
			if own == 0 || array == 0 {
				return nil, errDrift
			}
			a.OID, a.Value = array, slices.Clone(a.Value)
			binary.BigEndian.PutUint32(a.Value[arrayElement:], own)
			continue
		}
		if a.OID, _ = s.shards.all.Planner.ShardType(k, a.OID); a.OID == 0 {
			return nil, errDrift
		}
	}
	return out, nil
}

// arrayElement is where a binary array has the type of its elements, after its
// dimensions and flags (array_send).
const arrayElement = 8

// elementOf is the type of the elements of an array that [column.array] made.
func (s *Session) elementOf(a *plan.Arg) (uint32, bool) {
	if a.Format != 1 || a.Null || len(a.Value) < arrayElement+4 {
		return 0, false
	}
	element := binary.BigEndian.Uint32(a.Value[arrayElement:])
	return element, element >= firstNormalOID && s.shards.all.Planner.ArrayOf(element) == a.OID
}
