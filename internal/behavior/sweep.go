package behavior

// sweep goes through all tokens once after a day has ended, a few at a time, so that a million of them hold nobody up.
type sweep struct {
	day  int32 // that has ended
	next int   // place of the token that is looked at next: its shard and its number in it
	left int   // places that are to be looked at
}

// idle is how many tokens that were not used that day are passed over for one that was.
const idle = 64

// Lives tells the lives of tokens that were used on the event-time day that ended last, each once, with that day: at most so many of them,
// and goes on where it was with the next call. done says that all are told. A day that ends before makes it go round once more, so that no
// token is left out; those that the next day was told of are told of that one alone.
func (e *Engine) Lives(most int, visit func(*Life)) (done bool) {
	w, places := &e.sweep, e.places()
	for steps := most * idle; w.left > 0 && most > 0 && steps > 0; steps-- {
		s, n := e.shards[w.next%shardCount], uint32(w.next/shardCount+1)
		w.left--
		if w.next++; w.next >= places {
			w.next = 0
		}
		if int(n) >= len(s.slots) || s.slots[n] == (slot{}) || s.usedAt(n) <= s.dawns[0] {
			continue
		}
		most--
		if l := s.lifeAfter(n, w.day); l != nil {
			visit(l)
		}
	}
	return w.left == 0
}

// Untold is the day whose lives are not all told yet.
func (e *Engine) Untold() (day int32, untold bool) { return e.sweep.day, e.sweep.left > 0 }

// Retell makes Lives tell of a day that has ended, from the first token on.
func (e *Engine) Retell(day int32) { e.sweep = sweep{day: day, left: e.places()} }

// dawn notes that a day has ended and another one begins.
func (e *Engine) dawn(ended int32) {
	for _, s := range e.shards {
		s.dawns = [2]uint64{s.dawns[1], s.clock}
	}
	e.sweep.day, e.sweep.left = ended, e.places()
}

// numbers is the highest number that a token has in any shard.
func (e *Engine) numbers() (most int) {
	for _, s := range e.shards {
		most = max(most, len(s.slots)-1)
	}
	return most
}

func (e *Engine) places() int { return (e.numbers() + 1) * shardCount }

// usedAt is the shard's clock at the newest use of a token.
func (s *shard) usedAt(n uint32) uint64 {
	if at := s.slots[n].live; at != 0 {
		return s.live[at-1].used
	}
	used, _ := usedOf(s.read(n))
	return used
}
