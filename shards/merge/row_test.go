package merge

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// The frames are made and read back by an independent encoder.
func TestCut(t *testing.T) {
	values := [][]byte{[]byte("a"), nil, {}, []byte("hidden"), nil}
	row, err := (&pgproto3.DataRow{Values: values}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	description := &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
		{Name: []byte("a"), DataTypeOID: oidText, TableOID: 7, DataTypeSize: -1, TypeModifier: -1},
		{Name: []byte(""), DataTypeOID: oidInt8, Format: 1},
		{Name: []byte("?column?"), DataTypeOID: 4000000000, Format: 1},
	}}
	fields, err := description.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	for hidden := 0; hidden <= len(values); hidden++ {
		cut, err := Cut(slices.Clone(row), hidden)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := (&pgproto3.DataRow{Values: values[:len(values)-hidden]}).Encode(nil)
		if !bytes.Equal(cut, want) {
			t.Errorf("%d hidden: % x, want % x", hidden, cut, want)
		}
	}
	oids := []uint32{oidText, oidInt8, 4000000000}
	for hidden := 0; hidden <= len(description.Fields); hidden++ {
		got, err := Types(fields, hidden)
		if err != nil || !slices.Equal(got, oids[3-hidden:]) {
			t.Errorf("types of the last %d are %v, %v", hidden, got, err)
		}
		cut, err := Cut(slices.Clone(fields), hidden)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := (&pgproto3.RowDescription{Fields: description.Fields[:3-hidden]}).Encode(nil)
		if !bytes.Equal(cut, want) {
			t.Errorf("%d hidden: % x, want % x", hidden, cut, want)
		}
	}
}

func TestCutRefuses(t *testing.T) {
	for _, hidden := range []int{-1, 3} {
		if _, err := Cut(dataRow(nil, nil), hidden); err == nil {
			t.Errorf("%d of 2 columns were cut", hidden)
		}
		if _, err := Types(dataRow(nil, nil), hidden); err == nil {
			t.Errorf("%d types of a DataRow", hidden)
		}
	}
	if _, err := Types(dataRow(nil, nil), 1); err == nil {
		t.Error("types of a DataRow")
	}
}

func FuzzCut(f *testing.F) {
	f.Add(dataRow([]byte("a"), nil, []byte("xyz")), 1)
	f.Add([]byte("T\x00\x00\x00\x1a\x00\x01a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x17\x00\x04\xff\xff\xff\xff\x00\x00"), 0)
	f.Add([]byte("D\x00\x00\x00\x06\xff\xff"), 65535)
	f.Fuzz(func(t *testing.T, frame []byte, hidden int) {
		before := slices.Clone(frame)
		oids, typesErr := Types(frame, hidden)
		if typesErr == nil && len(oids) != hidden {
			t.Errorf("%d types of %d", len(oids), hidden)
		}
		_ = lastColumns(make([][]byte, hidden&3), frame)
		if !bytes.Equal(frame, before) {
			t.Error("looking changed the frame")
		}
		cut, err := Cut(frame, hidden)
		if err != nil {
			return
		}
		left := int(binary.BigEndian.Uint16(before[5:])) - hidden
		if got, err := columnsOf(cut); err != nil || got != left {
			t.Errorf("%d columns are left of the cut frame, want %d: %v", got, left, err)
		}
		if !bytes.Equal(cut[frameHead:], before[frameHead:len(cut)]) {
			t.Error("cutting changed what stays")
		}
		if again, err := Cut(cut, 0); err != nil || len(again) != len(cut) {
			t.Errorf("the cut frame is malformed: %v", err)
		}
	})
}
