package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// maxIncludes is the most files that the patterns of include may match.
const maxIncludes = 256

// Load reads the file at path and what it includes. The Config is nil when any
// problem is not a warning; problems are sorted by position, and none of them
// shows a secret.
func Load(path string) (*Config, []Problem) {
	src, mode, err := realOutside.read(path, maxFile)
	if err != nil {
		return nil, []Problem{{File: path, Message: unread(err)}}
	}
	return load(realOutside, path, src, mode)
}

// unread says why a file was not read, without its name: a Problem begins with it.
func unread(err error) string {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return "cannot be read: " + err.Error()
}

// Parse is Load of a text that stands for the file of that name; includes and
// ${file:} are looked up from the folder of that name.
func Parse(file string, src []byte) (*Config, []Problem) {
	return load(realOutside, file, src, 0)
}

func load(o outside, file string, src []byte, mode fs.FileMode) (*Config, []Problem) {
	d := newDecoder(o, file)
	d.noteMode(file, mode)
	c := new(Config)
	setDefaults(reflect.ValueOf(c).Elem())
	if tree := readTree(d.report, file, src); tree != nil {
		d.where[""] = tree.at
		d.group(tree, "", reflect.ValueOf(c).Elem(), "")
	}
	for _, more := range d.includes(c, file) {
		d.include(c, more)
	}
	return d.finish(c)
}

func newDecoder(o outside, file string) *decoder {
	return &decoder{
		report:  &report{main: file},
		outside: o,
		where:   map[string]pos{"": {file, 1, 1}},
		hidden:  map[string]bool{},
		open:    map[string]fs.FileMode{},
		broken:  map[string]bool{},
	}
}

func (d *decoder) noteMode(file string, mode fs.FileMode) {
	if mode.Perm()&0o044 != 0 {
		d.open[file] = mode.Perm()
	}
}

// finish derives, checks and returns what a load returns.
func (d *decoder) finish(c *Config) (*Config, []Problem) {
	derive(c)
	c.hidden = d.hidden
	d.check(c)
	if d.failed {
		c = nil
	}
	return c, d.sorted()
}

// includes returns the files that the patterns of include match, each once and
// in order. A pattern that matches nothing is right; a file that is missing is not.
func (d *decoder) includes(c *Config, main string) []string {
	var files []string
	for i, pattern := range c.Include {
		path := fmt.Sprintf("include[%d]", i)
		at := d.at(path)
		if pattern == "" {
			continue // refused already
		}
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(filepath.Dir(main), pattern)
		}
		matches, err := d.outside.glob(pattern)
		switch {
		case err != nil:
			d.errorf(at, "%s: not a pattern: %s", path, d.name(path, c.Include[i]))
		case len(matches) == 0 && !strings.ContainsAny(pattern, "*?["):
			d.errorf(at, "%s: no file %s", path, d.name(path, pattern))
		}
		files = append(files, matches...)
	}
	slices.Sort(files)
	files = slices.Compact(files)
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Clean(f) == filepath.Clean(main) })
	if len(files) > maxIncludes {
		d.errorf(d.at("include"), "include: %d files match, and %d is the most", len(files), maxIncludes)
		return nil
	}
	return files
}

// include decodes one more file into c.
func (d *decoder) include(c *Config, file string) {
	src, mode, err := d.outside.read(file, maxFile)
	if err != nil {
		d.errorf(pos{file: file}, "%s", unread(err))
		return
	}
	d.noteMode(file, mode)
	tree := readTree(d.report, file, src)
	if tree == nil {
		return
	}
	for i, p := range tree.pairs {
		if p.key == "include" {
			d.errorf(p.keyAt, "include is read in the main file only")
			tree.pairs = slices.Delete(tree.pairs, i, i+1)
			break
		}
	}
	d.group(tree, "", reflect.ValueOf(c).Elem(), "")
}

// name shows the value at a path in a message, unless it came from a reference.
func (d *decoder) name(path, value string) string {
	if d.hidden[path] {
		return Mask
	}
	return show(value)
}
