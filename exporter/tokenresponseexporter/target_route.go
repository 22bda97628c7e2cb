package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/component"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
)

// RouteConfig is a name for other targets: those of whoever a message concerns.
type RouteConfig struct {
	// By is the field of the event that chooses, such as token.owner.team.
	By string `mapstructure:"by"`
	// To are the targets by the field's value.
	To map[string][]string `mapstructure:"to"`
	// Otherwise are the targets for every other value, and for none.
	Otherwise []string `mapstructure:"otherwise"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (c *RouteConfig) faults() (faults []error) {
	if c.By == "" {
		faults = append(faults, errors.New("by is missing: write the field that chooses, for example by: token.owner.team"))
	} else if err := response.CheckField(c.By); err != nil {
		faults = append(faults, fmt.Errorf("by: %w", err))
	}
	if len(c.To) == 0 {
		faults = append(faults, errors.New("to is missing: write targets by the field's value, for example to: {payments: [payments-chat]}"))
	}
	for _, value := range slices.Sorted(maps.Keys(c.To)) {
		if len(c.To[value]) == 0 {
			faults = append(faults, fmt.Errorf("to::%s: no targets: write some, or leave it to otherwise", value))
		}
	}
	if len(c.Otherwise) == 0 {
		faults = append(faults, errors.New("otherwise is missing: write the targets for everybody else, so that no incident goes unheard"))
	}
	return faults
}

// ends are the targets that an event goes to.
func (c *RouteConfig) ends(e *response.Event) []string {
	if ends, ok := c.To[e.Field(c.By)]; ok {
		return ends
	}
	return c.Otherwise
}

// build has nothing to build: the targets that a route leads to are built by themselves.
func (c *RouteConfig) build(context.Context, *responder, component.Host, *courier.Target) error {
	return nil
}

// routes are the targets that stand for others, by name.
func (c *Config) routes() map[string]*RouteConfig {
	all := make(map[string]*RouteConfig)
	for name, target := range c.Targets {
		if target.Route.HasValue() {
			all[name] = target.Route.Get()
		}
	}
	return all
}

// led are all targets that the routes lead to.
func (c *Config) led() (names []string) {
	for _, route := range c.routes() {
		names = append(names, route.Otherwise...)
		for _, ends := range route.To {
			names = append(names, ends...)
		}
	}
	return names
}

// routeFaults are the ends of routes that are not there, or tell nobody.
func (c *Config) routeFaults() (faults []error) {
	targets := slices.Sorted(maps.Keys(c.Targets))
	routes := c.routes()
	for _, name := range slices.Sorted(maps.Keys(routes)) {
		route := routes[name]
		check := func(path string, ends []string) {
			path = fmt.Sprintf("targets::%s::route::%s", name, path)
			for i, end := range ends {
				target, ok := c.Targets[end]
				switch {
				case !ok:
					faults = append(faults, unknown(fmt.Sprintf("%s[%d]", path, i), "target", end, targets))
				case target.Route.HasValue():
					faults = append(faults, fmt.Errorf("%s[%d]: %s is a route itself: name the targets that it leads to", path, i, end))
				case target.isActor():
					faults = append(faults, fmt.Errorf("%s[%d]: %s acts on tokens: a route leads to targets that tell people", path, i, end))
				}
			}
		}
		for _, value := range slices.Sorted(maps.Keys(route.To)) {
			check("to::"+value, route.To[value])
		}
		check("otherwise", route.Otherwise)
	}
	return faults
}
