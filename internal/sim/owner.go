package sim

import (
	"fmt"
	"strings"
)

// Owner answers for some of the tokens.
type Owner struct {
	ID      string   `yaml:"id"`
	Name    string   `yaml:"name"`
	Type    string   `yaml:"type"`
	Team    string   `yaml:"team"` // whose customer it is
	Country *Country `yaml:"-"`
}

var (
	ownerNames = []string{
		"Kestrel", "Nordwind", "Bluefin", "Papaya", "Quarry", "Tidewater", "Juniper", "Saffron", "Granite", "Lantern", "Meadow", "Copper", "Harbour",
		"Orchard", "Pebble", "Sparrow", "Thistle", "Umber", "Velvet", "Walnut", "Zephyr", "Amber", "Birch", "Cinder", "Drift", "Ember", "Fjord", "Glacier",
	}
	ownerTrades = []string{"Freight", "Labs", "Foods", "Retail", "Systems", "Travel", "Media", "Energy", "Health", "Finance", "Works", "Logistics"}
	teams       = []string{"payments", "logistics", "growth", "data", "platform", "partners"}
)

// found draws the n-th owner: its name is its own, its country is where most of its people are.
func found(d *dice, n int) *Owner {
	name := ownerNames[n%len(ownerNames)] + " " + ownerTrades[(n/len(ownerNames)+n*7)%len(ownerTrades)]
	if turn := n / (len(ownerNames) * len(ownerTrades)); turn > 0 {
		name += fmt.Sprintf(" %d", turn+1)
	}
	return &Owner{
		ID: strings.ReplaceAll(strings.ToLower(name), " ", "-"), Name: name,
		Type: pick(d, []string{"customer", "customer", "customer", "partner"}), Team: pick(d, teams), Country: homeland(d),
	}
}

func homeland(d *dice) *Country {
	x := d.Float64()
	for _, h := range homes {
		if x -= h.share; x < 0 {
			return countries[h.code]
		}
	}
	return countries[homes[0].code]
}
