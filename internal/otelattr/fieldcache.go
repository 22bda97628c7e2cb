package otelattr

// fieldCache remembers what the names of attributes say. There are few of them, and reading one costs more than looking one up.
// It has a fixed number of slots, and keeps no name that is long enough for a secret to stand in it unseen.
type fieldCache [512]fieldSlot

type fieldSlot struct {
	name  string
	field *field // nil: the slot is empty; what it points to stays as it is
	kind  recordKind
}

// longestName is the longest name that is remembered.
const longestName = 48

// slot is where a name is, if it is there.
func (c *fieldCache) slot(name string) *fieldSlot {
	n := len(name)
	if n == 0 {
		return &c[0]
	}
	h := uint(n)*131 + uint(name[n-1])*31 + uint(name[n/2])*17 + uint(name[n*3/4])*7 + uint(name[n/4])
	return &c[h%uint(len(c))]
}

// is says whether the slot holds the name.
func (s *fieldSlot) is(name string, kind recordKind) bool {
	return s.field != nil && s.kind == kind && s.name == name
}
