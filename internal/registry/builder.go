package registry

import (
	"errors"
	"fmt"
	"strings"
)

// Builder gathers rows into a Snapshot. A row that is wrong, or takes another's place, is left out and told.
type Builder struct {
	where  func(at int, field string) string
	table  *table
	ats    []int32 // which row each record was, for errors that name it
	owners map[Owner]*Owner
	terms  map[string]*terms
	texts  texts
	errs   []error
	wrong  int // errors that were found, told or not
}

// maxErrors is how many errors are told, so that a file is repaired in one go and a log is not flooded.
const maxErrors = 20

// NewBuilder makes a Builder. where names a field of a row, or the row if the field is empty, for those who look for it.
func NewBuilder(where func(at int, field string) string) *Builder {
	return &Builder{where: where, table: newTable(), owners: make(map[Owner]*Owner), terms: make(map[string]*terms)}
}

// Add adds a row.
func (b *Builder) Add(at int, e *Row) {
	if e.Fault != nil {
		b.Fail(at, "", e.Fault)
		return
	}
	r, faults := b.read(e)
	if r.id != "" {
		faults = append(faults, b.table.taken(&r)...)
	}
	if len(faults) == 0 {
		b.ats = append(b.ats, int32(at))
		b.table.enter(r)
		return
	}
	for _, f := range faults {
		text := f.text
		if f.named {
			text = fmt.Sprintf(text, b.place(int(b.ats[f.other]), ""))
		}
		b.Fail(at, f.field, errors.New(text))
	}
}

// Fail tells what is wrong with a field of a row.
func (b *Builder) Fail(at int, field string, err error) {
	b.wrong++
	if len(b.errs) < maxErrors {
		b.errs = append(b.errs, fmt.Errorf("%s: %w", b.place(at, field), err))
	}
}

func (b *Builder) place(at int, field string) string {
	if at < 0 {
		return strings.TrimSuffix("a token that was read before, "+field, ", ")
	}
	return b.where(at, field)
}

// Snapshot is what was gathered, and what is wrong with the rest. The Builder is of no use afterwards.
func (b *Builder) Snapshot() (*Snapshot, error) {
	s := &Snapshot{base: b.table}
	for _, at := range b.table.circles() {
		b.Fail(int(b.ats[at]), "replaces", errCircle)
		b.table.unchain(at)
	}
	return s, b.err()
}

func (b *Builder) err() error {
	err := errors.Join(b.errs...)
	if more := b.wrong - len(b.errs); more > 0 {
		return fmt.Errorf("%w\nand %d more", err, more)
	}
	return err
}

var errCircle = errors.New("goes round in a circle: the first of a token's rotations replaces none")

// circles are the records through which rotations come back to where they began, one of each circle.
func (t *table) circles() (found []uint32) {
	walks := make(map[uint32]int, len(t.successors)) // which walk a record was first seen on
	walk := 0
	for _, start := range t.successors {
		walk++
		for at := start; ; {
			if on, seen := walks[at]; seen {
				if on == walk {
					found = append(found, at)
				}
				break
			}
			walks[at] = walk
			s := t.at(at).succession
			if s == nil || s.replaces == "" {
				break
			}
			before, ok := t.byID(s.replaces)
			if !ok {
				break
			}
			at = before
		}
	}
	return found
}

// unchain forgets that a token replaces another.
func (t *table) unchain(at uint32) {
	r := t.at(at)
	delete(t.successors, r.succession.replaces)
	alone := *r.succession
	alone.replaces, alone.graced = "", false
	r.succession = &alone
}

func (b *Builder) owner(o Owner) *Owner {
	if o == (Owner{}) {
		return nil
	}
	if known := b.owners[o]; known != nil {
		return known
	}
	b.owners[o] = &o
	return &o
}

// texts keeps many short texts in few pieces of memory.
type texts struct{ piece strings.Builder }

func (t *texts) keep(text string) string {
	const size = 32 << 10
	if len(text) > size/8 {
		return strings.Clone(text)
	}
	if t.piece.Len()+len(text) > t.piece.Cap() {
		t.piece = strings.Builder{}
		t.piece.Grow(size)
	}
	from := t.piece.Len()
	t.piece.WriteString(text)
	return t.piece.String()[from:]
}
