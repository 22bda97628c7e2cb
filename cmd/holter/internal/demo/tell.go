package demo

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/holterhq/holter/cmd/holter/internal/progress"
)

// tell writes what came of the demo: the stolen key's heartbeat, what Holter said about it, and what else it said.
func (s *show) tell(v verdict) {
	t, l := s.theft, s.theft.label
	zone, err := time.LoadLocation(s.theft.token.Zone())
	if err != nil {
		zone = time.UTC
	}
	fmt.Fprintf(s.out, "\nThe stolen key: %s of %s (%s), at home in %s. By its owner's clock:\n\n", l.Hint, t.token.Owner.Name, t.token.Owner.Team, l.Country)
	f, isFile := s.out.(*os.File)
	for _, line := range t.strip(s.fleet.End(), zone, isFile && progress.IsTerminal(f) && os.Getenv("NO_COLOR") == "") {
		fmt.Fprintln(s.out, line)
	}
	fmt.Fprintf(s.out, "\nThe thief, in %s, made %d requests from %s to %s.\n", l.From, l.Requests, l.Start.In(zone).Format("Mon 2 Jan 15:04"), l.End.In(zone).Format("Mon 2 Jan 15:04"))
	if len(v.caught) == 0 {
		fmt.Fprintln(s.out, "Holter said nothing about it.")
	}
	for _, e := range v.caught {
		s.tellOne(e)
	}
	fmt.Fprintf(s.out, "\nElse: %s in %d days; the budget of %g a week allows %.0f.\n", alerts(len(v.others)), s.cfg.Days, s.cfg.Budget, v.budget)
	if len(v.others) > 0 {
		fmt.Fprintf(s.out, "  %s\n", byDetector(v.others))
	}
	for i, e := range v.others {
		if i == 5 {
			fmt.Fprintf(s.out, "  … and %d more\n", len(v.others)-i)
			break
		}
		fmt.Fprintf(s.out, "  %s  %s\n", stamp(e.time), e.sentence)
	}
	if v.err(t) == nil {
		fmt.Fprintln(s.out, "\nThe theft was seen, within the budget.")
	}
}

// tellOne writes an event about the theft with its evidence.
func (s *show) tellOne(e event) {
	after := ""
	if n := s.theft.nth(e); n > 0 {
		after = fmt.Sprintf(", at the thief's request %d, %s after the first", n, e.time.Sub(s.theft.label.Start).Round(time.Second))
	}
	fmt.Fprintf(s.out, "\n%s %s%s\n", e.severity, e.detector, after)
	fmt.Fprintf(s.out, "  “%s”\n", strings.Trim(e.sentence, "“”\""))
	fmt.Fprintf(s.out, "  owner %s (%s), country %s; evidence %.1f nats, the budget asks for %.1f\n", or(e.owner, e.ownerID), e.team, or(e.country, "unknown"), e.score, e.threshold)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, ev := range e.evidence {
		fmt.Fprintf(w, "    %s\tobserved %s\texpected %s\t%.1f nats\tfrom %d requests in %.0f days\n", ev.facet, ev.observed, ev.expected, ev.nats, ev.samples, ev.age.Hours()/24)
	}
	_ = w.Flush()
}

func alerts(n int) string {
	if n == 1 {
		return "1 alert"
	}
	return fmt.Sprintf("%d alerts", n)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
