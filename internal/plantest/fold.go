package plantest

import "github.com/wyeproxy/wye/shards/fold"

// FoldFormats are the formats that a leg's columns are asked for, for a client
// that wants text.
func FoldFormats(spec *fold.Spec) (formats []int16) {
	for _, c := range spec.Columns {
		if c.Op == fold.Twin {
			formats = append(formats, 0)
		} else {
			formats = append(formats, 1)
		}
	}
	return formats
}

// Fold folds the rows of all shards into those of the answer, as text and
// before LIMIT.
func Fold(spec *fold.Spec, rows [][][]byte) (out [][][]byte, err error) {
	f := fold.New(spec)
	for _, row := range rows {
		if err := f.Add(row); err != nil {
			return nil, err
		}
	}
	n, err := f.Finish()
	for i := range n {
		row := [][]byte{}
		for _, v := range f.Row(i, func(int) bool { return true }) {
			if v != nil {
				v = append([]byte{}, v...)
			}
			row = append(row, v)
		}
		out = append(out, row)
	}
	return out, err
}
