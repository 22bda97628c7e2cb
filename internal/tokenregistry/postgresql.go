package tokenregistry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/registry/postgres"
)

// PostgreSQLConfig is a source in a PostgreSQL database.
type PostgreSQLConfig struct {
	// DSN is where the database is, as a URL or as key=value pairs; TLS by its sslmode, sslrootcert, sslcert and sslkey.
	DSN configopaque.String `mapstructure:"dsn"`
	// Password is the user's, where it does not stand in DSN.
	Password configopaque.String `mapstructure:"password"`
	// Query gives a row a token, its columns called like the fields of a token. With $1 it is asked for rows that have changed since.
	Query string `mapstructure:"query"`
	// RefreshInterval is how often to look for changes.
	RefreshInterval time.Duration `mapstructure:"refresh_interval"`
	// FullRefreshInterval is how often to read all again, which shows what was deleted.
	FullRefreshInterval time.Duration `mapstructure:"full_refresh_interval"`
	// Overlap is how far before the latest updated_at to look for changes.
	Overlap time.Duration `mapstructure:"overlap"`
	// ConnectTimeout and StatementTimeout bound one reading.
	ConnectTimeout   time.Duration `mapstructure:"connect_timeout"`
	StatementTimeout time.Duration `mapstructure:"statement_timeout"`
	// Optional lets the start go on without the database: until it has been read it says nothing.
	Optional bool `mapstructure:"optional"`

	_ struct{}
}

// Unmarshal lays what is written over the defaults.
func (p *PostgreSQLConfig) Unmarshal(conf *confmap.Conf) error {
	*p = PostgreSQLConfig{
		RefreshInterval: 30 * time.Second, FullRefreshInterval: time.Hour, Overlap: time.Minute,
		ConnectTimeout: 10 * time.Second, StatementTimeout: 5 * time.Minute,
	}
	return conf.Unmarshal(p)
}

func (p *PostgreSQLConfig) validate() error {
	if p.DSN == "" {
		return errors.New("dsn: is missing: write postgres://user@host:5432/database?sslmode=verify-full, the password in password")
	}
	if strings.TrimSpace(p.Query) == "" {
		return errors.New("query: is missing: write one such as SELECT id, sha256, owner_id, owner_team, updated_at FROM api_keys WHERE updated_at > $1")
	}
	for _, span := range [...]struct {
		name string
		is   time.Duration
	}{
		{"refresh_interval", p.RefreshInterval},
		{"full_refresh_interval", p.FullRefreshInterval},
		{"connect_timeout", p.ConnectTimeout},
		{"statement_timeout", p.StatementTimeout},
	} {
		if span.is <= 0 {
			return fmt.Errorf("%s: %v must be above zero, such as 30s", span.name, span.is)
		}
	}
	if p.Overlap < 0 {
		return fmt.Errorf("overlap: %v must not be below zero: write one such as 1m", p.Overlap)
	}
	_, err := p.source()
	return err
}

func (p *PostgreSQLConfig) source() (*postgres.Source, error) {
	return postgres.New(postgres.Config{
		DSN: string(p.DSN), Password: string(p.Password), Query: p.Query,
		RefreshInterval: p.RefreshInterval, FullRefreshInterval: p.FullRefreshInterval, Overlap: p.Overlap,
		ConnectTimeout: p.ConnectTimeout, StatementTimeout: p.StatementTimeout, Optional: p.Optional,
	})
}

func (p *PostgreSQLConfig) open(context.Context, component.Host, component.TelemetrySettings) (registry.Source, error) {
	return p.source()
}
