package sim

import (
	"fmt"
	"strings"
)

// Scenario is a fleet of one kind of client, large and long enough to see what an alert budget is worth to it.
type Scenario struct {
	Name        string
	Story       string
	Populations []Population // empty: the usual mix
	Tokens      int          // with Days, some 10,000 active token-days in the last two thirds
	Days        int
}

var scenarios = []Scenario{
	{"usual", "the usual mix of clients", nil, 600, 45},
	{"nat", "colleagues behind the one address of their office, at home on some days", []Population{Office}, 700, 45},
	{"ci", "build runners, each job on another cloud address", []Population{CI}, 500, 45},
	{"mobile", "phones behind carrier NAT, on IPv6, on Wi-Fi", []Population{Mobile}, 700, 45},
	{"vpn", "people who tunnel on some days, with exits in several countries", []Population{VPN}, 750, 45},
	{"month-end", "batches: little by day, the books at the end of the month", []Population{Batch}, 160, 150},
	{"cdn", "everybody seen through a CDN: its edges are the only addresses", []Population{CDN}, 500, 45},
}

// Scenarios are all of them.
func Scenarios() []Scenario { return scenarios }

// ParseScenario finds a scenario by its name.
func ParseScenario(name string) (Scenario, error) {
	var names []string
	for _, s := range scenarios {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scenario{}, fmt.Errorf("unknown scenario %q: choose from %s", name, strings.Join(names, ", "))
}

// DescribeScenarios is a line for each of them.
func DescribeScenarios() string {
	var out strings.Builder
	for _, s := range scenarios {
		fmt.Fprintf(&out, "  %-10s %s\n", s.Name, s.Story)
	}
	return out.String()
}
