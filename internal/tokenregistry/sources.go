package tokenregistry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/holterhq/holter/internal/registry"
)

// SourceConfig is one place where owners and tokens are written down: exactly one of its kinds.
type SourceConfig struct {
	// File is a file of owners and tokens.
	File *FileConfig `mapstructure:"file"`
	// PostgreSQL is a query of a database.
	PostgreSQL *PostgreSQLConfig `mapstructure:"postgresql"`
	// HTTP is a list that a server gives.
	HTTP *HTTPConfig `mapstructure:"http"`
	// Introspection is an authorization server that is asked about tokens.
	Introspection *IntrospectionConfig `mapstructure:"introspection"`

	_ struct{}
}

// kind is one kind of source.
type kind interface {
	// validate says what is wrong, beginning with the key: "path: is missing …".
	validate() error
	// open makes the source, nil for one that has no reading. It reads nothing yet.
	open(ctx context.Context, host component.Host, telemetry component.TelemetrySettings) (registry.Source, error)
}

type namedKind struct {
	name string
	kind
}

// kinds are those that are given.
func (s *SourceConfig) kinds() []namedKind {
	var given []namedKind
	if s.File != nil {
		given = append(given, namedKind{"file", s.File})
	}
	if s.PostgreSQL != nil {
		given = append(given, namedKind{"postgresql", s.PostgreSQL})
	}
	if s.HTTP != nil {
		given = append(given, namedKind{"http", s.HTTP})
	}
	if s.Introspection != nil {
		given = append(given, namedKind{"introspection", s.Introspection})
	}
	return given
}

// kindNames are all of them, for those who wrote another.
var kindNames = []string{"file", "postgresql", "http", "introspection"}

func (s *SourceConfig) validate() error {
	given := s.kinds()
	if len(given) != 1 {
		return fmt.Errorf("has %d kinds: give each source exactly one of %s", len(given), strings.Join(kindNames, ", "))
	}
	return nil
}

// FileConfig is a source in a file.
type FileConfig struct {
	// Path is where the file is.
	Path string `mapstructure:"path"`
	// Format is yaml, json, csv, or auto: what the end of the path says.
	Format string `mapstructure:"format"`
	// ReloadInterval is how often it is looked at for changes.
	ReloadInterval time.Duration `mapstructure:"reload_interval"`
	// Optional lets the start go on where the file is missing or bad: until it is good it says nothing.
	Optional bool `mapstructure:"optional"`

	_ struct{}
}

const defaultReloadInterval = 5 * time.Second

// auto leaves the format to what is read.
const auto = "auto"

var fileFormats = []string{auto, string(registry.YAML), string(registry.JSON), string(registry.CSV)}

func (f *FileConfig) validate() error {
	switch {
	case f.Path == "":
		return errors.New("path: is missing: write one such as owners.yaml")
	case f.Format != "" && !slices.Contains(fileFormats, f.Format):
		return fmt.Errorf("format: %q is none of %s", f.Format, strings.Join(fileFormats, ", "))
	case f.ReloadInterval < 0:
		return fmt.Errorf("reload_interval: %v must be above zero, such as 5s", f.ReloadInterval)
	}
	return nil
}

func (f *FileConfig) open(context.Context, component.Host, component.TelemetrySettings) (registry.Source, error) {
	file := registry.NewFile(f.Path, orDefault(f.ReloadInterval, defaultReloadInterval), f.Optional)
	if f.Format != "" && f.Format != auto {
		file.As(registry.Format(f.Format))
	}
	return file, nil
}

func orDefault(given, otherwise time.Duration) time.Duration {
	if given == 0 {
		return otherwise
	}
	return given
}

// validateSources names the source that is wrong.
func validateSources(sources []SourceConfig) error {
	var errs []error
	for i := range sources {
		if err := sources[i].validate(); err != nil {
			errs = append(errs, fmt.Errorf("sources[%d]: %w", i, err))
			continue
		}
		for _, k := range sources[i].kinds() {
			if err := k.validate(); err != nil {
				errs = append(errs, fmt.Errorf("sources[%d]::%s::%w", i, k.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// opened is a source, and where in the configuration it stands.
type opened struct {
	registry.Source
	path string
}

// open makes the configured sources, in the order in which they are asked.
func (r *RegistryConfig) open(ctx context.Context, host component.Host, telemetry component.TelemetrySettings) ([]opened, error) {
	var sources []opened
	if r.File != "" {
		sources = append(sources, opened{registry.NewFile(r.File, r.ReloadInterval, r.Optional), "registry"})
	}
	for i := range r.Sources {
		for _, k := range r.Sources[i].kinds() {
			path := fmt.Sprintf("registry::sources[%d]", i)
			source, err := k.open(ctx, host, telemetry)
			if err != nil {
				return nil, fmt.Errorf("%s::%s::%w", path, k.name, err)
			}
			if source != nil {
				sources = append(sources, opened{source, path})
			}
		}
	}
	return sources, nil
}
