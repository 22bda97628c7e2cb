package otelattr

// fieldCache remembers what the names of attributes say: reading one costs more than looking one up. A record has some twenty, all records
// together a hundred or two. Those that fall on the same set of four do not drive each other out all the time. It keeps no name that is long
// enough for a secret to stand in it unseen.
type fieldCache struct {
	sets [128][4]fieldSlot
	turn uint8 // whose place is taken next in a set that is full
}

type fieldSlot struct {
	name  string
	field *field // nil: the slot is empty; what it points to stays as it is
	kind  recordKind
}

// longestName is the longest name that is remembered.
const longestName = 48

// slot is where a name is, or where there is room for it.
func (c *fieldCache) slot(name string, kind recordKind) *fieldSlot {
	var h uint
	if n := len(name); n > 0 {
		h = uint(n)*131 + uint(name[n-1])*31 + uint(name[n/2])*17 + uint(name[n*3/4])*7 + uint(name[n/4])
	}
	set := &c.sets[h%uint(len(c.sets))]
	var empty *fieldSlot
	for i := range set {
		switch s := &set[i]; {
		case s.is(name, kind):
			return s
		case s.field == nil && empty == nil:
			empty = s
		}
	}
	if empty != nil {
		return empty
	}
	c.turn++
	return &set[c.turn%uint8(len(set))]
}

// is says whether the slot holds the name.
func (s *fieldSlot) is(name string, kind recordKind) bool {
	return s.field != nil && s.kind == kind && s.name == name
}
