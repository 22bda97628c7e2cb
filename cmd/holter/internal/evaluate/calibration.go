package evaluate

import (
	"fmt"
	"io"
	"math"

	"github.com/holterhq/holter/internal/behavior"
)

// Bets is how one facet's bets turned out on the calm token-days of some tokens. A bet is fair if e is 1 on average at most; then e ≥ c
// comes once in c token-days at most, whatever c (Markov).
type Bets struct {
	Facet string  `json:"facet"`
	Group string  `json:"group"` // all, or tokens of an age or a volume
	Days  int     `json:"token_days"`
	Mean  float64 `json:"mean_e"`
	Tail  Tail    `json:"tail"`
}

// Tail is P(e ≥ c)·c for each c of tails.
type Tail [len(tails)]float64

var tails = [...]float64{10, 100, 1000}

// groups by the age of a token and by its volume, requests on a usual active day.
var groups = [...]struct {
	name string
	has  func(ageDays, volume float64) bool
}{
	{"all", func(float64, float64) bool { return true }},
	{"age < 30 days", func(age, _ float64) bool { return age < 30 }},
	{"age 30–180 days", func(age, _ float64) bool { return age >= 30 && age < 180 }},
	{"age ≥ 180 days", func(age, _ float64) bool { return age >= 180 }},
	{"< 3 a day", func(_, volume float64) bool { return volume < 3 }},
	{"3–30 a day", func(_, volume float64) bool { return volume >= 3 && volume < 30 }},
	{"≥ 30 a day", func(_, volume float64) bool { return volume >= 30 }},
}

// calibration adds bets up.
type calibration struct {
	truth  *truth
	facets []string
	sums   []sums // by facet, then by group
}

type sums struct {
	days   int
	e      float64
	passed [len(tails)]int
}

func newCalibration(t *truth) *calibration {
	facets := behavior.FacetNames()
	return &calibration{truth: t, facets: facets, sums: make([]sums, len(facets)*len(groups))}
}

// take adds the bets of a day that is over.
func (c *calibration) take(e *behavior.Engine, today int32) {
	e.OpenDays(today, func(d *behavior.OpenDay) {
		if !d.Judged || !c.truth.isFalse(d.Token, int64(today)*day) {
			return
		}
		age, volume := float64(int64(today)*day-d.First)/float64(day), float64(d.Learned)/float64(d.Days)
		for g := range groups {
			if groups[g].has(age, volume) {
				for f, nats := range d.Nats {
					c.sums[f*len(groups)+g].add(nats)
				}
			}
		}
	})
}

func (s *sums) add(nats float64) {
	e := math.Exp(nats)
	s.days++
	s.e += e
	for i, c := range tails {
		if e >= c {
			s.passed[i]++
		}
	}
}

func (c *calibration) report() []Bets {
	var all []Bets
	for i, s := range c.sums {
		if s.days == 0 {
			continue
		}
		b := Bets{Facet: c.facets[i/len(groups)], Group: groups[i%len(groups)].name, Days: s.days, Mean: s.e / float64(s.days)}
		for t := range tails {
			b.Tail[t] = tails[t] * float64(s.passed[t]) / float64(s.days)
		}
		all = append(all, b)
	}
	return all
}

// calibration is a line for each facet and group of tokens.
func (r *Report) calibration(w io.Writer) error {
	fmt.Fprint(w, "\ncalibration: e of each facet at the end of calm token-days; fair are a mean and P(e ≥ c)·c of 1 at most\n")
	heading := "facet\ttokens\ttoken-days\tmean e\t"
	for _, c := range tails {
		heading += fmt.Sprintf("c = %v\t", c)
	}
	t := newTable(w, heading+"\n")
	for _, b := range r.Calibration {
		fmt.Fprintf(t, "%s\t%s\t%d\t%.3f\t", b.Facet, b.Group, b.Days, b.Mean)
		for _, p := range b.Tail {
			fmt.Fprintf(t, "%.3f\t", p)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}
