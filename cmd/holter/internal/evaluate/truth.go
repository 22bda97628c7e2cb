package evaluate

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
)

const day = int64(24 * time.Hour)

// minPrior is how many requests of a token lie on earlier days when it is judged.
const minPrior = 20

// truth follows a stream, to say afterwards what an event about it was worth.
type truth struct {
	labels map[string]Label
	from   int64
	calm   map[string]*life
	stolen map[string]*theft

	requests int
	judged   int // token-days
	last     int64
	began    int64
}

// life is how much was seen of a token that is nobody else's.
type life struct {
	today    int64
	before   int   // requests before today
	n        int   // requests
	judgedOn int64 // the first day on which it is judged
	judged   bool
}

// theft is what was seen of a labelled token from its start on.
type theft struct {
	Label
	start int64
	times []int64 // of its requests
	days  []int64 // on which it was active
}

func newTruth(s *Stream) *truth {
	t := &truth{labels: s.Labels, calm: make(map[string]*life), stolen: make(map[string]*theft)}
	if !s.From.IsZero() {
		t.from = s.From.UnixNano()
	}
	for token, l := range s.Labels {
		t.stolen[token] = &theft{Label: l, start: int64(l.Start * 1e9)}
	}
	return t
}

// see takes in a request.
func (t *truth) see(o *behavior.Observation) {
	t.requests++
	if t.began == 0 {
		t.began = o.Time
	}
	t.last = o.Time
	today := o.Time / day
	if s := t.stolen[o.Token]; s != nil {
		s.see(o.Time)
		return
	}
	l := t.calm[o.Token]
	if l == nil {
		l = &life{today: -1}
		t.calm[o.Token] = l
	}
	if today != l.today {
		l.today, l.before = today, l.n
		if l.before >= minPrior && today*day >= t.from {
			if !l.judged {
				l.judged, l.judgedOn = true, today
			}
			t.judged++
		}
	}
	l.n++
}

func (s *theft) see(at int64) {
	if at < s.start {
		return
	}
	s.times = append(s.times, at)
	if n := len(s.days); n == 0 || s.days[n-1] != at/day {
		s.days = append(s.days, at/day)
	}
}

// isFalse says whether an event about a token without a label counts as a false alert.
func (t *truth) isFalse(token string, at int64) bool {
	l := t.calm[token]
	return l != nil && l.judged && at/day >= l.judgedOn
}

// verdict is what an event about a token turned out to be.
func (t *truth) verdict(token string, at int64) string {
	switch s := t.stolen[token]; {
	case s != nil:
		if _, found := s.hit(at); found {
			return s.Family
		}
		return "before or long after " + s.Family
	case t.isFalse(token, at):
		return "false"
	}
	return "not judged"
}

// hit is an event about a theft.
type hit struct {
	requests int // of the token since the theft began, the one of the event among them
	minutes  float64
}

// hit says whether an event about a stolen token is about the theft, and how soon it came.
func (s *theft) hit(at int64) (hit, bool) {
	if len(s.days) == 0 || at < s.start || at/day > s.days[min(len(s.days), s.Horizon)-1] {
		return hit{}, false
	}
	n := sort.Search(len(s.times), func(i int) bool { return s.times[i] > at })
	return hit{n, float64(at-s.times[0]) / float64(time.Minute)}, true
}

// alert is the part of an event that is scored.
type alert struct {
	token    string
	at       int64
	detector anomaly.Detector
}

// score says what the alerts of one budget were worth.
func (t *truth) score(budget float64, alerts []alert) Result {
	r := Result{Budget: budget, Alerts: len(alerts)}
	byDetector := make(map[anomaly.Detector]*Detector)
	found := make(map[string]hit)
	thefts := make(map[anomaly.Detector]map[string]bool)
	of := func(name anomaly.Detector) *Detector {
		if byDetector[name] == nil {
			byDetector[name], thefts[name] = &Detector{Name: string(name)}, make(map[string]bool)
		}
		return byDetector[name]
	}
	for _, a := range alerts {
		d := of(a.detector)
		s := t.stolen[a.token]
		if s == nil {
			if t.isFalse(a.token, a.at) {
				r.FalseAlerts++
				d.FalseAlerts++
			} else {
				r.Early++
			}
			continue
		}
		h, ok := s.hit(a.at)
		if !ok {
			continue
		}
		if earlier, known := found[a.token]; !known || h.requests < earlier.requests {
			found[a.token] = h
		}
		if s.Family != sham {
			thefts[a.detector][a.token] = true
		}
	}
	if t.judged > 0 {
		per := 1000 / float64(t.judged)
		low, high := poisson(r.FalseAlerts)
		r.PerThousand, r.Low, r.High = float64(r.FalseAlerts)*per, low*per, high*per
	}
	r.Families = t.families(found)
	for name, d := range byDetector {
		d.Hits = len(thefts[name])
		r.Detectors = append(r.Detectors, *d)
	}
	slices.SortFunc(r.Detectors, func(a, b Detector) int { return cmp.Compare(a.Name, b.Name) })
	return r
}

// families are the thefts by family, each followed by its magnitudes where there are several; shams come last.
func (t *truth) families(found map[string]hit) []Family {
	type group struct{ family, magnitude string }
	groups := make(map[group][]string)
	for token, s := range t.stolen {
		if len(s.times) == 0 {
			continue // the stream ends before
		}
		groups[group{s.Family, ""}] = append(groups[group{s.Family, ""}], token)
		if s.Magnitude != "" {
			g := group{s.Family, string(s.Magnitude)}
			groups[g] = append(groups[g], token)
		}
	}
	var all []Family
	for g, tokens := range groups {
		if g.magnitude != "" && len(tokens) == len(groups[group{g.family, ""}]) {
			continue // the only one
		}
		f := Family{Name: g.family, Magnitude: g.magnitude, Cases: len(tokens)}
		var requests, minutes []float64
		for _, token := range tokens {
			if h, ok := found[token]; ok {
				f.Hits++
				requests, minutes = append(requests, float64(h.requests)), append(minutes, h.minutes)
			}
		}
		f.Recall = float64(f.Hits) / float64(f.Cases)
		f.Low, f.High = wilson(f.Hits, f.Cases)
		f.Requests, f.Minutes = median(requests), median(minutes)
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Family) int {
		return cmp.Or(boolean(a.Name == sham)-boolean(b.Name == sham), cmp.Compare(a.Name, b.Name), byNumber(a.Magnitude, b.Magnitude))
	})
	return all
}
