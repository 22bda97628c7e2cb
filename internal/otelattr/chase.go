package otelattr

// chase finds out which records of a batch have to be hunted through: from the first secret on that no format gives away, it keeps every
// text that a later one may stand in. There are few of them, since a text that comes again is kept once.
type chase struct {
	on       bool
	from     int32 // the last record of which not every text was kept
	suspects []suspect
	guilty   map[int32]bool // the records in which a secret stands
	all      bool           // one stands in a text that other records may have too
}

// suspect is a text and the record that it stands in, everyRecord if others may have it too.
type suspect struct {
	text     string
	record   int32
	standing standing
}

const everyRecord = -1

// shortestHunted is the length of the shortest secret that is hunted.
const shortestHunted = 6

func (c *chase) reset() {
	clear(c.suspects)
	clear(c.guilty)
	*c = chase{suspects: c.suspects[:0], guilty: c.guilty}
}

// Number says which record of the batch is looked at next; the first is 1.
func (c *Cleaner) Number(record int) { c.record = int32(record) }

// watch begins the chase if there is something to hunt. What was remembered to be harmless before that is not.
func (c *Cleaner) watch() {
	if !c.chase.on && c.Hunting() {
		c.chase.on, c.chase.from = true, c.record
		c.forgetTexts()
	}
}

// suspect keeps a text of this record.
func (c *Cleaner) suspect(f *field, text string) {
	if c.chase.on && len(text) >= shortestHunted && !f.kept {
		c.chase.suspects = append(c.chase.suspects, suspect{text, c.record, f.hunted})
	}
}

// suspectAll keeps a text that is not looked at again where it comes again.
func (c *Cleaner) suspectAll(f *field, text string) {
	if c.chase.on && !f.kept {
		c.chase.suspects = append(c.chase.suspects, suspect{text, everyRecord, f.hunted})
	}
}

// Judge finds the records to hunt through, when all have been looked at.
func (c *Cleaner) Judge() {
	chase := &c.chase
	for _, s := range chase.suspects {
		if chase.all {
			return
		}
		if len(c.find(s.text, s.standing)) == 0 {
			continue
		}
		if s.record == everyRecord {
			chase.all = true
			continue
		}
		if chase.guilty == nil {
			chase.guilty = make(map[int32]bool)
		}
		chase.guilty[s.record] = true
	}
	for i := range c.fields.sets {
		for j := range c.fields.sets[i] {
			slot := &c.fields.sets[i][j]
			if slot.field == nil || slot.field.hunted != freeText {
				continue
			}
			if c.spans = c.drawn.FindName(slot.name, c.spans[:0]); len(c.spans) > 0 {
				chase.all = true
				return
			}
		}
	}
}

// Guilty says whether a record has to be hunted through.
func (c *Cleaner) Guilty(record int) bool {
	return c.chase.all || int32(record) <= c.chase.from || c.chase.guilty[int32(record)]
}
