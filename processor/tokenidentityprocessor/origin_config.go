package tokenidentityprocessor

import (
	"errors"
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/otelattr"
)

// GeoConfig is about the place and the network that requests come from.
type GeoConfig struct {
	// Enabled looks up where addresses are, in the country database that Holter carries unless others are given.
	Enabled bool `mapstructure:"enabled"`
	// CountryDB is the path of a country database, in place of the one that Holter carries.
	CountryDB string `mapstructure:"country_db"`
	// CityDB is the path of a city database.
	CityDB string `mapstructure:"city_db"`
	// ASNDB is the path of a database of autonomous systems.
	ASNDB string `mapstructure:"asn_db"`
	// ReloadInterval is how often these files are looked at for changes.
	ReloadInterval time.Duration `mapstructure:"reload_interval"`

	_ struct{}
}

// databaseFile is one file that the configuration names.
type databaseFile struct {
	key, path string
	content   geo.Content
}

// files are those that are given.
func (g *GeoConfig) files() []databaseFile {
	var given []databaseFile
	for _, file := range [...]databaseFile{
		{"country_db", g.CountryDB, geo.Countries},
		{"city_db", g.CityDB, geo.Cities},
		{"asn_db", g.ASNDB, geo.Networks},
	} {
		if file.path != "" {
			given = append(given, file)
		}
	}
	return given
}

// Validate refuses databases that would never be read.
func (g *GeoConfig) Validate() error {
	var errs []error
	if g.ReloadInterval <= 0 {
		errs = append(errs, fmt.Errorf("reload_interval: %v must be above zero, such as 1m", g.ReloadInterval))
	}
	if !g.Enabled {
		for _, file := range g.files() {
			errs = append(errs, fmt.Errorf("%s: is given, and enabled is false: leave one of them out", file.key))
		}
	}
	return errors.Join(errs...)
}

// checkOriginAttributes refuses attributes that no configured database could fill.
func (c *Config) checkOriginAttributes() error {
	var errs []error
	for i, name := range c.Attributes {
		switch name {
		case otelattr.GeoRegion, otelattr.GeoLocality, otelattr.GeoLatitude, otelattr.GeoLongitude:
			if c.Geo.CityDB == "" {
				errs = append(errs, fmt.Errorf("attributes[%d]: %s is not known without geo::city_db: give the path of a city database", i, name))
			}
		case otelattr.ClientASNumber, otelattr.ClientASOrg:
			if c.Geo.ASNDB == "" && c.Geo.CityDB == "" {
				errs = append(errs, fmt.Errorf("attributes[%d]: %s is not known without geo::asn_db: give the path of a database of autonomous systems", i, name))
			}
		case otelattr.GeoContinent, otelattr.TokenOriginKind:
			if !c.Geo.Enabled {
				errs = append(errs, fmt.Errorf("attributes[%d]: %s is not known while geo::enabled is false", i, name))
			}
		}
	}
	return errors.Join(errs...)
}
