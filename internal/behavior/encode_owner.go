package behavior

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

// ownersKey is the record of what is known of owners. It changes once a day.
const ownersKey = "owners"

// putOwners appends what is known of owners if that has changed since the last snapshot.
func (e *Engine) putOwners(records []Record) []Record {
	stale := false
	for p := range e.populations() {
		stale = stale || p.peers.owners.stale
	}
	if !stale {
		return records
	}
	w := &baseline.Writer{}
	w.Uint(stateVersion)
	for p := range e.populations() {
		p.peers.owners.stale = false
		w.Uint(1)
		w.String(p.tenant)
		p.peers.owners.put(w)
	}
	return append(records, Record{ownersKey, append(w.Bytes, 0)})
}

// getOwners reads it. States of builds that compared no owners' tokens have none.
func (e *Engine) getOwners(get func(key string) ([]byte, error)) error {
	state, err := get(ownersKey)
	if err != nil || state == nil {
		return err
	}
	r := &baseline.Reader{Bytes: state}
	if _, err := versionOf(r); err != nil {
		return fmt.Errorf("%s: %w", ownersKey, err)
	}
	for r.Uint() == 1 && r.Err == nil {
		var o owners
		tenant := r.String()
		o.get(r)
		if p := e.populationOf(tenant); p != &e.tenants.beyond {
			p.peers.owners = o
		}
	}
	if r.Err != nil {
		return fmt.Errorf("%s: %w", ownersKey, r.Err)
	}
	e.ownersFull()
	return nil
}

func (o *owners) put(w *baseline.Writer) {
	order := slices.SortedFunc(maps.Keys(o.known), func(a, b ownerKey) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(flags(a.outbound), flags(b.outbound)))
	})
	w.Uint(uint64(len(order)))
	for _, key := range order {
		one := o.known[key]
		w.String(key.id)
		w.Uint(flags(key.outbound))
		putStands(w, one.tokens)
		putStands(w, one.ways)
	}
	w.Uint(uint64(len(o.exits)))
	for _, name := range slices.Sorted(maps.Keys(o.exits)) {
		w.String(name)
		putStands(w, o.exits[name])
	}
}

func (o *owners) get(r *baseline.Reader) {
	o.known = map[ownerKey]*owner{}
	for range r.Count() {
		key := ownerKey{id: intern(r.String())}
		setFlags(r.Uint(), &key.outbound)
		o.known[key] = &owner{o.getStands(r), o.getStands(r)}
	}
	for range r.Count() {
		if o.exits == nil {
			o.exits = exits{}
		}
		name := intern(r.String())
		o.exits[name] = o.getStands(r)
	}
}

func putStands(w *baseline.Writer, list []stand) {
	w.Uint(uint64(len(list)))
	for i := range list {
		s := &list[i]
		w.Uint(uint64(s.of))
		w.String(s.value)
		w.Uint(uint64(s.token))
		w.Int(int64(s.first))
		w.Int(int64(s.last))
	}
}

func (o *owners) getStands(r *baseline.Reader) (list []stand) {
	for range r.Count() {
		list = append(list, stand{of: common(r.Uint()), value: intern(r.String()), token: uint32(r.Uint()), first: int32(r.Int()), last: int32(r.Int())})
	}
	o.stands += len(list)
	return list
}

func putNotes(w *baseline.Writer, notes []ownerNote) {
	w.Uint(uint64(len(notes)))
	for i := range notes {
		n := &notes[i]
		w.String(n.owner.id)
		w.Uint(flags(n.owner.outbound))
		w.Uint(uint64(n.of))
		w.String(n.value)
		w.Uint(uint64(n.token))
		w.Int(int64(n.day))
	}
}

func getNotes(r *baseline.Reader) (notes []ownerNote) {
	for range r.Count() {
		n := ownerNote{owner: ownerKey{id: intern(r.String())}}
		setFlags(r.Uint(), &n.owner.outbound)
		n.of, n.value, n.token, n.day = common(r.Uint()%uint64(ofExit+1)), intern(r.String()), uint32(r.Uint()), int32(r.Int())
		notes = append(notes, n)
	}
	return notes
}
