package behavior

import "github.com/holterhq/holter/internal/baseline"

// past is what the evidence against a token came to before, and its owner used it all the same. People change their ways, some of them time
// and again: the evidence against a token that is known for that has to go beyond what it came to before.
type past struct {
	risen   [detectorCount]float32 // so high each detector's evidence has risen this time; 0: no higher than is spared
	highest [detectorCount]float32 // and so high in the times before, fading
}

const (
	pastFade = 0.998 // per active day: a half-life of 346 of them
	spared   = 3     // nats to which the evidence against any token may rise
)

// toll is what is taken off a detector's evidence.
func (p *past) toll(d int) float64 { return max(0, float64(p.highest[d])-spared) }

// learn takes in a day on which a detector's evidence rose so high; over says whether that was the end of it, since it is gone or was told.
func (p *past) learn(d int, nats float64, over bool) {
	if p.highest[d] *= pastFade; p.highest[d] <= spared {
		p.highest[d] = 0
	}
	if nats > spared {
		p.risen[d] = max(p.risen[d], float32(nats))
	}
	if over {
		p.risen[d], p.highest[d] = 0, max(p.highest[d], p.risen[d])
	}
}

func (p *past) put(w *baseline.Writer) {
	putNats(w, &p.risen)
	putNats(w, &p.highest)
}

func (p *past) get(r *baseline.Reader, version uint64) {
	getNats(r, version, &p.risen)
	getNats(r, version, &p.highest)
}
