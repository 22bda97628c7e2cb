package incident

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Terms say when incidents are told of again, and when they end.
type Terms struct {
	UpdateEvery  time.Duration // between two messages about more of the same
	ResolveAfter time.Duration // of calm
	Keep         time.Duration // resolved incidents, for their acts and cool-downs
	Max          int           // incidents that are kept
}

// Book holds incidents. It is changed by turns; not safe for concurrent use.
type Book struct {
	terms Terms
	slots []*Incident // nil: free
	free  []int
	byKey map[Key]*Incident // the open one of each, else the latest
	byID  map[string]*Incident
	byAct map[string]*Incident
}

// NewBook is an empty book.
func NewBook(terms Terms) *Book {
	return &Book{terms: terms, byKey: make(map[Key]*Incident), byID: make(map[string]*Incident), byAct: make(map[string]*Incident)}
}

// version is the first byte of every stored incident.
const version = 1

// Encode is the incident as it is stored.
func (i *Incident) Encode() []byte {
	text, err := json.Marshal(i)
	if err != nil { // only plain fields
		panic("incident: " + err.Error())
	}
	return append([]byte{version}, text...)
}

// Load puts what was stored under a slot back in its place; a nil value is a free one.
func (b *Book) Load(slot int, value []byte) error {
	for len(b.slots) <= slot {
		b.free = append(b.free, len(b.slots))
		b.slots = append(b.slots, nil)
	}
	if value == nil {
		return nil
	}
	if len(value) == 0 || value[0] != version {
		return errors.New("written by another version")
	}
	i := &Incident{}
	if err := json.Unmarshal(value[1:], i); err != nil {
		return err
	}
	if i.ID == "" {
		return errors.New("an incident without an id")
	}
	i.slot = slot
	b.free = slices.DeleteFunc(b.free, func(n int) bool { return n == slot })
	b.put(i)
	return nil
}

func (b *Book) put(i *Incident) {
	b.slots[i.slot] = i
	b.byID[i.ID] = i
	for n := range i.Acts {
		for _, id := range i.Acts[n].deliveries() {
			b.byAct[id] = i
		}
	}
	other := b.byKey[i.Key]
	if other == nil || other.ID == i.ID || i.Live() && !other.Live() || i.Live() == other.Live() && !i.Opened.Before(other.Opened) {
		b.byKey[i.Key] = i
	}
}

func (b *Book) drop(i *Incident) {
	b.slots[i.slot] = nil
	b.free = append(b.free, i.slot)
	delete(b.byID, i.ID)
	for n := range i.Acts {
		for _, id := range i.Acts[n].deliveries() {
			delete(b.byAct, id)
		}
	}
	if other := b.byKey[i.Key]; other != nil && other.ID == i.ID {
		delete(b.byKey, i.Key)
	}
}

// All calls visit for every incident. It is not to be changed.
func (b *Book) All(visit func(*Incident)) {
	for _, i := range b.slots {
		if i != nil {
			visit(i)
		}
	}
}

// OfAct is the incident that an act belongs to, nil if there is none. It is not to be changed.
func (b *Book) OfAct(id string) *Incident { return b.byAct[id] }

// Size is how many incidents there are, and how many of them are not resolved.
func (b *Book) Size() (all, live int) {
	b.All(func(i *Incident) {
		all++
		if i.Live() {
			live++
		}
	})
	return all, live
}

// Slots is how many places were ever in use.
func (b *Book) Slots() int { return len(b.slots) }

// Turn is a change of the book that is made as a whole or not at all. Between Begin and Commit there is only one.
type Turn struct {
	book    *Book
	changed map[string]*Incident // copies, by id
	order   []*Incident
	byKey   map[Key]*Incident
	gone    map[string]*Incident
	victims []*Incident // that may have to go, the first first; nil: not looked up yet
	free    int         // of the book's free slots that are taken
	fresh   int         // slots beyond the book's
}

// Begin starts a turn.
func (b *Book) Begin() *Turn {
	return &Turn{book: b, changed: make(map[string]*Incident), byKey: make(map[Key]*Incident), gone: make(map[string]*Incident)}
}

func (t *Turn) own(i *Incident) *Incident {
	if i == nil || t.gone[i.ID] != nil {
		return nil
	}
	if c, ok := t.changed[i.ID]; ok {
		return c
	}
	c := i.clone()
	c.slot = i.slot
	t.changed[c.ID] = c
	t.order = append(t.order, c)
	return c
}

// ByID is an incident that may be changed, nil if there is none.
func (t *Turn) ByID(id string) *Incident {
	if c, ok := t.changed[id]; ok {
		return c
	}
	return t.own(t.book.byID[id])
}

// ByKey is the latest incident of a key, nil if there is none.
func (t *Turn) ByKey(key Key) *Incident {
	if c, ok := t.byKey[key]; ok {
		return c
	}
	return t.own(t.book.byKey[key])
}

// ByAct is the incident that an act, or a delivery for it, belongs to; nil if there is none.
func (t *Turn) ByAct(id string) *Incident {
	if i, ok := t.book.byAct[id]; ok {
		return t.own(i)
	}
	for _, c := range t.order {
		if c.ActOf(id) != nil {
			return c
		}
	}
	return nil
}

// All calls visit for every incident, as the turn has left it so far. It is not to be changed.
func (t *Turn) All(visit func(*Incident)) {
	t.book.All(func(i *Incident) {
		if t.changed[i.ID] == nil && t.gone[i.ID] == nil {
			visit(i)
		}
	})
	for _, c := range t.order {
		visit(c)
	}
}

// Open begins an incident. Where there are too many, one has to go: evicted, a copy; one that owes nothing and is resolved if there is any.
func (t *Turn) Open(key Key, first string, now time.Time) (i, evicted *Incident) {
	i = open(key, first, now)
	if before := t.ByKey(key); before != nil {
		for rule, at := range before.Fired {
			if i.Fired == nil {
				i.Fired = make(map[string]time.Time, len(before.Fired))
			}
			i.Fired[rule] = at
		}
		i.Protected = before.Protected
		i.Event = bounded(response.Event{Token: before.Anomaly().Token})
	}
	b := t.book
	switch {
	case t.free < len(b.free):
		t.free++
		i.slot = b.free[len(b.free)-t.free]
	case len(b.slots)+t.fresh < b.terms.Max:
		i.slot = len(b.slots) + t.fresh
		t.fresh++
	default:
		if evicted = t.victim(); evicted == nil {
			i.slot = len(b.slots) + t.fresh // all are in this very turn
			t.fresh++
			break
		}
		t.gone[evicted.ID] = evicted
		i.slot = evicted.slot
		evicted = evicted.clone()
	}
	t.changed[i.ID] = i
	t.order = append(t.order, i)
	t.byKey[key] = i
	return i, evicted
}

// victim is the incident that is missed least: of those that owe nothing, of these of those that are resolved, of these the one that changed
// first.
func (t *Turn) victim() *Incident {
	if t.victims == nil {
		t.book.All(func(i *Incident) { t.victims = append(t.victims, i) })
		slices.SortFunc(t.victims, func(a, b *Incident) int {
			if a.Owes() != b.Owes() {
				if b.Owes() {
					return -1
				}
				return 1
			}
			if a.Live() != b.Live() {
				if b.Live() {
					return -1
				}
				return 1
			}
			return a.Changed.Compare(b.Changed)
		})
	}
	for len(t.victims) > 0 {
		i := t.victims[0]
		t.victims = t.victims[1:]
		if _, busy := t.changed[i.ID]; !busy && t.gone[i.ID] == nil {
			return i
		}
	}
	return nil
}

// Drop takes an incident out of the book.
func (t *Turn) Drop(id string) {
	i := t.book.byID[id]
	if i == nil {
		return
	}
	t.gone[id] = i
	delete(t.changed, id)
	t.order = slices.DeleteFunc(t.order, func(c *Incident) bool { return c.ID == id })
}

// Changed are the incidents that the turn has touched.
func (t *Turn) Changed() []*Incident { return t.order }

// Value is what is stored under a slot from now on; nil: nothing.
type Value struct {
	Slot int
	Text []byte
}

// Values are what is to be stored.
func (t *Turn) Values() (values []Value) {
	taken := make(map[int]bool, len(t.order))
	for _, i := range t.order {
		taken[i.slot] = true
		values = append(values, Value{i.slot, i.Encode()})
	}
	for _, g := range t.gone {
		if !taken[g.slot] {
			values = append(values, Value{Slot: g.slot})
		}
	}
	return values
}

// Grown says how many slots there are once the turn is made, and whether they are more than before.
func (t *Turn) Grown() (slots int, grown bool) { return len(t.book.slots) + t.fresh, t.fresh > 0 }

// Commit makes the changes.
func (t *Turn) Commit() {
	b := t.book
	b.free = b.free[:len(b.free)-t.free]
	for range t.fresh {
		b.slots = append(b.slots, nil)
	}
	for _, g := range t.gone {
		b.drop(g)
	}
	for _, i := range t.order {
		b.free = slices.DeleteFunc(b.free, func(n int) bool { return n == i.slot })
		b.put(i)
	}
}
