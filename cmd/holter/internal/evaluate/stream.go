package evaluate

import (
	"context"
	"net/netip"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/otelattr"
)

// Stream is a labelled stream of requests.
type Stream struct {
	Name   string
	Labels map[string]Label // by token
	From   time.Time        // alerts and token-days before are not judged
	// Each hands on the requests in the order of their times, and how much of the stream is done.
	Each func(ctx context.Context, yield func(o *behavior.Observation, done float64) error) error
}

// Label is the truth about one token: somebody else begins to use it. The whole token is left out of the false alerts.
type Label struct {
	Family    string  `json:"family"`
	Magnitude text    `json:"magnitude"`
	Start     float64 `json:"start"`        // unix seconds
	Horizon   int     `json:"horizon_days"` // active days, the day of the start is the first
}

// sham is the family of tokens to which nothing happens: what is found there is chance.
const sham = "sham"

// defaultHorizon is how many active days there are to notice, where the label says nothing.
const defaultHorizon = 10

// place fills in where a request came from, as a collector without databases of its own does.
func place(o *behavior.Observation, countries *geo.Database, addr netip.Addr) {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return
	}
	if o.Country == "" {
		o.Country = countries.Country(addr)
	}
	if o.Network == "" {
		bits := 48
		if addr.Is4() {
			bits = 24
		}
		if prefix, err := addr.Prefix(bits); err == nil {
			o.Network = prefix.String()
		}
	}
}

// answer fills in what became of a request.
func answer(o *behavior.Observation, status int) {
	o.HTTPStatus = uint16(status)
	sight := otelattr.Sight{HTTPStatus: status}
	o.Outcome, _ = sight.Outcome(ptrace.StatusCodeUnset, true)
}
