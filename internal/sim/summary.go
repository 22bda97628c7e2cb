package sim

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Summary counts a fleet's requests as they pass.
type Summary struct {
	fleet    *Fleet
	requests int
	hostile  int
	failed   int
	byToken  map[*Token]int
}

// NewSummary begins to count.
func NewSummary(f *Fleet) *Summary { return &Summary{fleet: f, byToken: map[*Token]int{}} }

// Add counts a request.
func (s *Summary) Add(q *Request) {
	s.requests++
	s.byToken[q.Token]++
	if q.Attack != nil {
		s.hostile++
	}
	if q.Status >= 400 {
		s.failed++
	}
}

// Write says what the fleet was, as a table of its populations and a list of its attacks.
func (s *Summary) Write(w io.Writer) error {
	f := s.fleet
	fmt.Fprintf(w, "%d tokens of %d owners, %s to %s: %d requests, %.1f %% of them errors, %d of thieves\n\n",
		len(f.tokens), len(f.owners)-1, f.start.Format("2006-01-02 15:04"), f.end.Format("2006-01-02 15:04 MST"),
		s.requests, 100*float64(s.failed)/float64(max(1, s.requests)), s.hostile)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "population\ttokens\trequests\ta day, median\tbusiest\t\n")
	for _, u := range usual {
		var counts []int
		sum := 0
		for _, token := range f.tokens {
			if token.Population == u.population {
				counts = append(counts, s.byToken[token])
				sum += s.byToken[token]
			}
		}
		if len(counts) == 0 {
			continue
		}
		slices.Sort(counts)
		perDay := func(n int) float64 { return float64(n) / float64(f.days) }
		fmt.Fprintf(t, "%s\t%d\t%d\t%.1f\t%.1f\t\n", u.population, len(counts), sum, perDay(counts[len(counts)/2]), perDay(counts[len(counts)-1]))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(f.crimes) > 0 {
		fmt.Fprintln(w)
	}
	for _, l := range f.Labels() {
		fmt.Fprintf(w, "%s: %s (%s, %s) from %s, %s to %s, %d requests\n", l.Attack, l.Hint, l.RegistryID, l.Owner, l.From,
			l.Start.Format("01-02 15:04"), l.End.Format("01-02 15:04"), l.Requests)
	}
	return nil
}
