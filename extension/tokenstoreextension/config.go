package tokenstoreextension

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/store"
)

// Config of the token_store extension.
type Config struct {
	// Directory is where the store lives. It is made if it is not there.
	Directory string `mapstructure:"directory"`
	// Retention is for how long what is kept.
	Retention Retention `mapstructure:"retention"`
	// EventFiles are files of JSON lines, or patterns of their names, that other parts of the Collector append events to, such as the file
	// exporter: an erasure takes out of them what tells of whom it is about.
	EventFiles []string `mapstructure:"event_files"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Retention is for how long what is kept.
type Retention struct {
	// Minutes, Hours and Days are the levels of usage.
	Minutes Span `mapstructure:"minutes"`
	Hours   Span `mapstructure:"hours"`
	Days    Span `mapstructure:"days"`
	// Tokens is how long after its last use a token is known.
	Tokens Span `mapstructure:"tokens"`
	// Events are anomalies, baselines and auth events.
	Events Span `mapstructure:"events"`
	// Journal is what was said and decided, the audit among it.
	Journal Span `mapstructure:"journal"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Span is a duration that may be given in days, such as 90d.
type Span time.Duration

const day = 24 * time.Hour

// UnmarshalText reads 90d, or a duration such as 36h.
func (s *Span) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			*s = Span(time.Duration(n) * day)
			return nil
		}
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q: use days such as 90d, or a duration such as 36h", text)
	}
	*s = Span(d)
	return nil
}

// String is in days where they are whole.
func (s Span) String() string {
	if d := time.Duration(s); d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	return time.Duration(s).String()
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{Retention: Retention{
		Minutes: Span(7 * day), Hours: Span(90 * day), Days: Span(730 * day),
		Tokens: Span(5 * 365 * day), Events: Span(730 * day), Journal: Span(730 * day),
	}}
}

// Validate names every key that is wrong, and what would be right.
func (c *Config) Validate() error {
	var errs []error
	if c.Directory == "" {
		errs = append(errs, errors.New("directory: say where the store is to live, such as ./holter-data/store"))
	}
	for i, pattern := range c.EventFiles {
		if _, err := filepath.Match(pattern, ""); err != nil || pattern == "" {
			errs = append(errs, fmt.Errorf("event_files::%d: %q: write the path of a file, or a pattern such as ./holter-data/anomalies*.jsonl", i, pattern))
		}
	}
	r := &c.Retention
	for _, span := range []struct {
		key        string
		value      Span
		least      Span
		usual, why string
	}{
		{"minutes", r.Minutes, Span(day), "7d", "charts by the minute"},
		{"hours", r.Hours, r.Minutes, "90d", "what is older than minutes are kept"},
		{"days", r.Days, r.Hours, "730d", "what is older than hours are kept"},
		{"tokens", r.Tokens, Span(day), "1825d", "tokens that nobody uses any more"},
		{"events", r.Events, Span(day), "730d", "anomalies"},
		{"journal", r.Journal, Span(day), "730d", "the audit"},
	} {
		if span.value < span.least {
			errs = append(errs, fmt.Errorf("retention::%s: %v: use at least %v (default %s): it is for %s", span.key, span.value, span.least, span.usual, span.why))
		}
	}
	return errors.Join(errs...)
}

// times are those of the domain.
func (r *Retention) times() store.Retention {
	return store.Retention{
		Minutes: time.Duration(r.Minutes), Hours: time.Duration(r.Hours), Days: time.Duration(r.Days),
		Tokens: time.Duration(r.Tokens), Events: time.Duration(r.Events), Journal: time.Duration(r.Journal),
	}
}
