package sim

import (
	"fmt"
	"slices"
	"strings"
)

// Population is a kind of client: what its traffic looks like from outside.
type Population string

// The populations.
const (
	Partner  Population = "partner"  // a partner's server with one static address, day and night
	Office   Population = "office"   // colleagues behind one /24, at home on some days
	Home     Population = "home"     // people on their own line, which is renumbered now and then
	CI       Population = "ci"       // build runners, each job on another cloud address
	Mobile   Population = "mobile"   // phones behind carrier NAT, on IPv6, on Wi-Fi
	VPN      Population = "vpn"      // people who tunnel on some days, with exits in several countries
	Batch    Population = "batch"    // little by day, the books at the end of the month
	CDN      Population = "cdn"      // everybody seen through a CDN: its edges are the only addresses
	Workload Population = "workload" // a service with JWTs: a new token every hour, one principal
	Dormant  Population = "dormant"  // integrations that fall asleep; some are taken up again
)

// usual is the mix of a fleet for which nothing else was asked.
var usual = []struct {
	population Population
	share      float64
}{
	{Office, .24},
	{Mobile, .14},
	{Partner, .12},
	{Home, .10},
	{CI, .08},
	{VPN, .08},
	{Workload, .08},
	{Batch, .06},
	{CDN, .06},
	{Dormant, .04},
}

// Populations are all of them.
func Populations() []Population {
	out := make([]Population, len(usual))
	for i, u := range usual {
		out[i] = u.population
	}
	return out
}

// ParsePopulations reads a comma-separated list.
func ParsePopulations(list string) ([]Population, error) {
	var out []Population
	for name := range strings.SplitSeq(list, ",") {
		p := Population(strings.TrimSpace(name))
		if p == "" {
			continue
		}
		if !slices.Contains(Populations(), p) {
			return nil, fmt.Errorf("unknown population %q: choose from %s", p, join(Populations()))
		}
		out = append(out, p)
	}
	return out, nil
}

// divide gives each of n tokens a population: the given ones in equal parts, or the usual mix, in which each is present as
// soon as there are tokens enough.
func divide(n int, only []Population) []Population {
	out := make([]Population, 0, n)
	if len(only) > 0 {
		for i := range n {
			out = append(out, only[i*len(only)/n])
		}
		return out
	}
	for _, u := range usual {
		out = append(out, u.population)
	}
	if n <= len(out) {
		return out[:n]
	}
	for rest, i := n-len(out), 0; i < rest; i++ {
		out = append(out, usualAt((float64(i)+.5)/float64(rest)))
	}
	slices.Sort(out)
	return out
}

func usualAt(x float64) Population {
	for _, u := range usual {
		if x -= u.share; x < 0 {
			return u.population
		}
	}
	return usual[0].population
}

func join[T ~string](list []T) string {
	s := make([]string, len(list))
	for i, v := range list {
		s[i] = string(v)
	}
	return strings.Join(s, ", ")
}
