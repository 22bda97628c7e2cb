package behavior

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Feedback is what a person says of a token: that something it does is its own doing, or a thief's.
type Feedback struct {
	Token    string
	Time     int64 // event time, unix nanoseconds
	Verdict  Verdict
	Outbound bool          // about the requests that we make with it
	Facet    string        // as evidence names it; empty: the alert as a whole
	Value    string        // of the facet, as evidence observed it; empty: whatever it shows
	TTL      time.Duration // for so long it holds
	By       string        // who says so
}

// Verdict is how feedback judges.
type Verdict uint8

// Verdicts.
const (
	Benign    Verdict = iota // it is the token's own doing
	Malicious                // it is a thief's
)

// String is the verdict in an api_token.feedback event.
func (v Verdict) String() string { return [...]string{"benign", "malicious"}[v] }

// VerdictOf reads a verdict.
func VerdictOf(s string) (Verdict, error) {
	for v := Benign; v <= Malicious; v++ {
		if v.String() == s {
			return v, nil
		}
	}
	return 0, fmt.Errorf("verdict %q: write benign or malicious", s)
}

// opinion is feedback in the form in which bets ask for it.
type opinion struct {
	verdict Verdict
	facet   Facet // facetCount: the alert as a whole
	value   string
	at      Endpoint // of the facet endpoint
	hour    int8     // of the facet hour
	until   int64
	by      string
}

// opinions are those about one token.
type opinions []opinion

// opinionsKept bounds what is said of one token: of more, what holds for the shortest is forgotten.
const opinionsKept = 16

// seenAgain is how likely a thief is taken to show again what was seen of him.
const seenAgain = 0.5

var (
	errNobody  = errors.New("api_token.id: say which token it is about")
	errForever = errors.New("the time to live has to be greater than 0: feedback does not hold for ever")
)

// opinion reads feedback.
func (f *Feedback) opinion() (opinion, error) {
	o := opinion{verdict: f.Verdict, facet: facetCount, until: f.Time + int64(f.TTL), by: f.By}
	switch {
	case f.Token == "":
		return o, errNobody
	case f.TTL <= 0:
		return o, errForever
	case f.Facet == "":
		return o, nil
	}
	if o.facet = facetNamed(f.Facet); o.facet == facetCount {
		return o, fmt.Errorf("facet %q: use one of %s", f.Facet, strings.Join(valued(), ", "))
	}
	if f.Value == "" {
		return o, nil
	}
	o.value = f.Value
	switch o.facet {
	case country, network, service:
	case client:
		if strings.ContainsAny(f.Value, "/;()") { // else it is the name of a family, which may have a space in it
			o.value = Family(f.Value)
		}
	case endpoint:
		var ok bool
		if o.at.Method, o.at.Route, ok = strings.Cut(f.Value, " "); !ok {
			o.at = Endpoint{Route: f.Value}
		}
	case hour:
		digits, _, _ := strings.Cut(f.Value, ":")
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 || n > 23 {
			return o, fmt.Errorf("value %q of the facet hour: write an hour of the day in UTC, such as 03:00", f.Value)
		}
		o.hour = int8(n)
	default: // a number has no values to tell apart
		o.value = ""
	}
	return o, nil
}

// facetNamed is the facet that evidence calls so; facetCount if there is none.
func facetNamed(name string) Facet {
	for f := range facetCount {
		if f.String() == name {
			return f
		}
	}
	return facetCount
}

// valued are the names of all facets, each once.
func valued() (names []string) {
	for f := range facetCount {
		if name := f.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// add takes an opinion in; one about the same is replaced, and beyond opinionsKept the one that ends first is displaced.
func (all *opinions) add(o opinion) (displaced bool) {
	for i := range *all {
		if old := &(*all)[i]; old.facet == o.facet && old.value == o.value {
			*old = o
			return false
		}
	}
	*all = append(*all, o)
	if len(*all) <= opinionsKept {
		return false
	}
	first := 0
	for i := range *all {
		if (*all)[i].until < (*all)[first].until {
			first = i
		}
	}
	*all = slices.Delete(*all, first, first+1)
	return true
}

// expire forgets what no longer holds.
func (all *opinions) expire(at int64) {
	*all = slices.DeleteFunc(*all, func(o opinion) bool { return o.until <= at })
}

// say is what is said of one value.
type say uint8

const (
	nothing say = iota
	innocent
	hostile
)

func (v Verdict) say() say {
	if v == Malicious {
		return hostile
	}
	return innocent
}

// q is the probability under an attack after what is said: nobody's attack where it is innocent, and where it is hostile what was seen
// of the thief before.
func (s say) q(q, p float64) float64 {
	switch s {
	case innocent:
		return min(q, p)
	case hostile:
		return max(q, seenAgain)
	}
	return q
}

// of is what is said of a value of a facet at some time.
func (all opinions) of(f Facet, value string, now int64) say {
	return all.any(func(o *opinion) bool { return o.facet == f && o.value == value }, now)
}

// ofEndpoint is what is said of an endpoint, in whatever service.
func (all opinions) ofEndpoint(at Endpoint, now int64) say {
	return all.any(func(o *opinion) bool { return o.facet == endpoint && o.at == at }, now)
}

// ofHour is what is said of an hour of the day.
func (all opinions) ofHour(bin int, now int64) say {
	return all.any(func(o *opinion) bool { return o.facet == hour && int(o.hour) == bin%24 }, now)
}

func (all opinions) any(about func(*opinion) bool, now int64) say {
	for i := range all {
		if o := &all[i]; o.value != "" && now < o.until && about(o) {
			return o.verdict.say()
		}
	}
	return nothing
}

// mask takes the evidence off facets that are innocent whatever they show.
func (all opinions) mask(x *[facetCount]float64, at int64) {
	for i := range all {
		o := &all[i]
		if o.verdict != Benign || o.value != "" || o.facet == facetCount || at >= o.until {
			continue
		}
		for f := range facetCount {
			if f.base() == o.facet {
				x[f] = min(0, x[f])
			}
		}
	}
}
