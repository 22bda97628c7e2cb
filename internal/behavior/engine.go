package behavior

import (
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
)

// Config is what an operator decides about detection.
type Config struct {
	Budget   Budget
	Disabled map[anomaly.Detector]bool
	Limits   Limits
	Shards   int            // goroutines that Apply may use; 0 means 1
	Routes   RouteTemplater // templates raw paths; nil: a path is its own route
}

// Budget is how many false alerts are tolerable. Exactly one of Per and PerTokenDays is set.
type Budget struct {
	FalseAlerts  float64
	Per          time.Duration // FalseAlerts for the whole installation in this time
	PerTokenDays float64       // FalseAlerts per so many active token-days
}

// Limits bounds the engine's memory.
type Limits struct {
	MaxTokens int // tokens kept in memory; 0 means 1,000,000
}

// RouteTemplater turns raw paths into a bounded set of templates. Its state travels in the engine's snapshot.
type RouteTemplater interface {
	Template(service, method, path string) string
	AppendBinary([]byte) ([]byte, error)
	UnmarshalBinary([]byte) error
}

// Record is one page of state; a nil Value deletes it.
type Record struct {
	Key   string
	Value []byte
}

// Stats are the engine's running totals, for telemetry.
type Stats struct {
	Tokens  int    // in memory
	Evicted uint64 // left memory because of MaxTokens
	Late    uint64 // observations older than their token's open day
	Learned uint64 // observations learned from
}

// Engine judges and learns. Not safe for concurrent use.
type Engine struct {
	cfg Config
}

// Validate says what is wrong with a Config and what would be right.
func (c Config) Validate() error {
	if c.Budget.FalseAlerts <= 0 {
		return fmt.Errorf("alert_budget::false_alerts: %v is not a positive number", c.Budget.FalseAlerts)
	}
	return nil
}

// New returns an engine that knows no token yet.
func New(cfg Config) *Engine { return &Engine{cfg: cfg} }

// Apply judges and learns from observations in order and returns the events in order. It fills in Route and folds Client to
// its family in place. Same input, same output, however it is split into calls.
func (e *Engine) Apply(obs []Observation) []anomaly.Event { return nil }

// Snapshot returns the pages that changed since the last call.
func (e *Engine) Snapshot() []Record { return nil }

// Restore reads the state that Snapshot wrote; get returns nil for a key that is not there.
func (e *Engine) Restore(get func(key string) ([]byte, error)) error { return nil }

// Stats returns the running totals.
func (e *Engine) Stats() Stats { return Stats{} }
