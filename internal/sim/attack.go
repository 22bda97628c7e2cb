package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Attack asks for a theft.
type Attack struct {
	Name  string    // one of AttackNames
	Start time.Time // zero: drawn from the fleet's last third
	Token string    // the victim's registry id; empty: drawn among those that the attack fits
}

// Label is the truth about an attack.
type Label struct {
	Attack     string    `json:"attack"`
	Hint       string    `json:"hint"`
	RegistryID string    `json:"registry_id"`
	Owner      string    `json:"owner"`
	Population string    `json:"population"`
	Country    string    `json:"country"` // the owner's
	From       string    `json:"from"`    // the country that the hostile requests come from
	Start      time.Time `json:"start"`   // the first hostile request's answer
	End        time.Time `json:"end"`     // the last one's
	Requests   int       `json:"requests"`
}

// plot is how an attack goes.
type plot struct {
	name    string
	summary string
	days    func(fleetDays int) float64 // how long it takes
	fits    func(*Token) bool
	act     func(*heist)
}

// AttackNames are the attacks there are.
func AttackNames() []string {
	var out []string
	for _, p := range plots() {
		out = append(out, p.name)
	}
	return out
}

// DescribeAttacks says in a line each what the attacks do.
func DescribeAttacks() string {
	var b strings.Builder
	for _, p := range plots() {
		fmt.Fprintf(&b, "  %-15s %s\n", p.name, p.summary)
	}
	return b.String()
}

// ParseAttacks reads a comma-separated list of names; name*3 asks for three of them.
func ParseAttacks(list string) ([]Attack, error) {
	var out []Attack
	for item := range strings.SplitSeq(list, ",") {
		name, times, repeated := strings.Cut(strings.TrimSpace(item), "*")
		if name == "" {
			continue
		}
		if !slices.Contains(AttackNames(), name) {
			return nil, fmt.Errorf("unknown attack %q: choose from %s", name, strings.Join(AttackNames(), ", "))
		}
		n := 1
		if repeated {
			var err error
			if n, err = strconv.Atoi(times); err != nil || n < 1 {
				return nil, fmt.Errorf("attack %q: write a whole number behind *, as in %s*3", item, name)
			}
		}
		for range n {
			out = append(out, Attack{Name: name})
		}
	}
	return out, nil
}

// Labels are the truth about all attacks, in the order in which they were asked for.
func (f *Fleet) Labels() []Label {
	out := make([]Label, len(f.crimes))
	for i, c := range f.crimes {
		out[i] = *c.label
	}
	return out
}

// crime is an attack that has found its victim: its requests in order, to be laid over the traffic.
type crime struct {
	victim   *Token
	label    *Label
	requests []Request
}

// commit finds a victim and a time for the n-th attack, and draws what the thief does.
func (f *Fleet) commit(n int, a Attack) error {
	i := slices.IndexFunc(plots(), func(p plot) bool { return p.name == a.Name })
	if i < 0 {
		return fmt.Errorf("unknown attack %q: choose from %s", a.Name, strings.Join(AttackNames(), ", "))
	}
	p := plots()[i]
	d := newDice(f.seed, "attack", itoa(n), a.Name)
	length := time.Duration(p.days(f.days) * float64(24*time.Hour))
	if f.start.Add(length).After(f.end) {
		return fmt.Errorf("attack %s takes %.1f days, the fleet has %d: give it more days", a.Name, length.Hours()/24, f.days)
	}
	const draws = 30 // people are on holiday: then another time is drawn
	for range draws {
		from := a.Start
		if from.IsZero() {
			from = f.hours(float64(f.days) * 24 * d.between(.65, .98))
		}
		from = minTime(from, f.end.Add(-length))
		victim := f.victim(d, p, a.Token, from, from.Add(length))
		if victim == nil {
			continue
		}
		h := newHeist(f, d, victim, from, from.Add(length), a.Name)
		p.act(h)
		if c, ok := h.crime(); ok {
			f.crimes = append(f.crimes, c)
			return nil
		}
	}
	if a.Token != "" {
		return fmt.Errorf("attack %s does not fit token %s: leave the token out, and one is drawn", a.Name, a.Token)
	}
	return fmt.Errorf("attack %s finds no victim among %d tokens: draw more tokens, other populations or another seed", a.Name, len(f.tokens))
}

// fresh is how long before an attack its victim has been at home and at work.
const fresh = 4 * 24 * time.Hour

// victim draws a token that the attack fits and that no other thief has.
func (f *Fleet) victim(d *dice, p plot, id string, from, to time.Time) *Token {
	var fitting []*Token
	for _, t := range f.tokens {
		taken := slices.ContainsFunc(f.crimes, func(c crime) bool { return c.victim == t })
		about := t.dormant(from) || t.settled(from.Add(-fresh), to)
		if !taken && (id == "" || id == t.ID) && p.fits(t) && about {
			fitting = append(fitting, t)
		}
	}
	if len(fitting) == 0 {
		return nil
	}
	return pick(d, fitting)
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// WriteLabels writes the truth about all attacks, a JSON object a line.
func (f *Fleet) WriteLabels(w io.Writer) error {
	enc := json.NewEncoder(w)
	for _, l := range f.Labels() {
		if err := enc.Encode(l); err != nil {
			return fmt.Errorf("write labels: %w", err)
		}
	}
	return nil
}
