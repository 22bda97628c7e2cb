package route

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// stateVersion is the first byte of the encoding.
const stateVersion = 1

var errState = errors.New("route: malformed state")

// AppendBinary appends the state to b. Equal trees have equal encodings.
func (t *Tree) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, stateVersion)
	b = binary.AppendUvarint(b, t.dropped)
	b = binary.AppendUvarint(b, uint64(len(t.services)))
	for _, name := range slices.Sorted(maps.Keys(t.services)) {
		s := t.services[name]
		b = appendString(b, name)
		b = binary.AppendUvarint(b, uint64(s.issued))
		b = s.root.appendBinary(b)
	}
	return b, nil
}

// UnmarshalBinary replaces the state by one that AppendBinary wrote.
func (t *Tree) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		return errState
	}
	if b[0] != stateVersion {
		return fmt.Errorf("route: state of version %d, want %d", b[0], stateVersion)
	}
	d := decoder{rest: b[1:]}
	dropped := d.uvarint()
	services := make(map[string]*service)
	for range d.count() {
		name := d.string()
		s := &service{issued: int(d.uvarint())}
		d.node(&s.root, 0)
		s.live, s.settled = s.root.routes()
		services[name] = s
	}
	if d.failed || len(d.rest) > 0 {
		return errState
	}
	t.services, t.dropped = services, dropped
	return nil
}

func (n *node) appendBinary(b []byte) []byte {
	b = binary.AppendUvarint(b, n.hits)
	b = binary.AppendUvarint(b, n.ends)
	var flags byte
	if n.open {
		flags |= 1
	}
	if n.id != nil {
		flags |= 2
	}
	b = append(b, flags)
	if n.id != nil {
		b = n.id.appendBinary(b)
	}
	b = binary.AppendUvarint(b, uint64(len(n.words)))
	for _, name := range slices.Sorted(maps.Keys(n.words)) {
		b = appendString(b, name)
		b = n.words[name].appendBinary(b)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decoder reads an encoding; after a mistake in it everything is zero and failed is set.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) node(n *node, depth int) {
	n.hits, n.ends = d.uvarint(), d.uvarint()
	flags := d.byte()
	if depth > maxSegments {
		d.fail()
		return
	}
	n.open = flags&1 != 0
	if flags&2 != 0 {
		n.id = &node{parent: n, name: Placeholder}
		d.node(n.id, depth+1)
	}
	count := d.count()
	if count > 0 {
		n.words = make(map[string]*node)
	}
	for range count {
		word := &node{parent: n, name: d.string()}
		d.node(word, depth+1)
		n.words[word.name] = word
	}
}

func (d *decoder) fail() { d.rest, d.failed = nil, true }

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail()
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads a number of things that take at least a byte each.
func (d *decoder) count() int {
	v := d.uvarint()
	if v > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(v)
}

func (d *decoder) string() string {
	n := d.count()
	if d.failed {
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}
