package tokenidentityprocessor

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadatatest"
)

// writeDatabase puts a database with one record for 81.169.181.0/24 where a file is.
func writeDatabase(t *testing.T, path string, record mmdbtype.Map) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "test"})
	require.NoError(t, err)
	_, network, err := net.ParseCIDR("81.169.181.0/24")
	require.NoError(t, err)
	require.NoError(t, tree.Insert(network, record))
	file, err := os.Create(path + ".new")
	require.NoError(t, err)
	_, err = tree.WriteTo(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.NoError(t, os.Rename(path+".new", path))
}

var (
	berlin = mmdbtype.Map{
		"city":         mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String("Berlin")}},
		"country":      mmdbtype.Map{"iso_code": mmdbtype.String("DE")},
		"continent":    mmdbtype.Map{"code": mmdbtype.String("EU")},
		"subdivisions": mmdbtype.Slice{mmdbtype.Map{"iso_code": mmdbtype.String("BE")}},
		"location":     mmdbtype.Map{"latitude": mmdbtype.Float64(52.52), "longitude": mmdbtype.Float64(13.405)},
	}
	strato = mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(6724), "autonomous_system_organization": mmdbtype.String("Strato AG")}
)

func originConfig(city, asn string) *Config {
	cfg := testConfig()
	cfg.Geo.CityDB, cfg.Geo.ASNDB, cfg.Geo.ReloadInterval = city, asn, time.Hour // tests look at the files themselves
	cfg.Attributes = []string{
		otelattr.TokenOriginKind, otelattr.GeoContinent, otelattr.GeoRegion, otelattr.GeoLocality, otelattr.GeoLatitude, otelattr.GeoLongitude,
		otelattr.ClientASNumber, otelattr.ClientASOrg,
	}
	return cfg
}

func from(address string) map[string]any {
	return map[string]any{"http.request.header.x-api-key": secretKey(34), "client.address": address}
}

func TestPlacesAndNetworks(t *testing.T) {
	dir := t.TempDir()
	city, asn := filepath.Join(dir, "city.mmdb"), filepath.Join(dir, "asn.mmdb")
	writeDatabase(t, city, berlin)
	writeDatabase(t, asn, strato)
	r := startedRig(t, originConfig(city, asn), newHost())
	got := ofSpan(t, r.engine, from("81.169.181.179"))
	for name, want := range map[string]any{
		otelattr.TokenOriginKind: "public", otelattr.GeoCountry: "DE", otelattr.GeoContinent: "EU", otelattr.GeoRegion: "DE-BE", otelattr.GeoLocality: "Berlin",
		otelattr.GeoLatitude: 52.52, otelattr.GeoLongitude: 13.405, otelattr.ClientASNumber: int64(6724), otelattr.ClientASOrg: "Strato AG",
	} {
		assert.Equal(t, want, got[name], name)
	}

	got = ofSpan(t, r.engine, from("193.0.6.139"))
	assert.Equal(t, "NL", got[otelattr.GeoCountry], "what the city database does not know, the country database does")
	assert.Equal(t, "EU", got[otelattr.GeoContinent])
	for _, absent := range []string{otelattr.GeoRegion, otelattr.GeoLocality, otelattr.GeoLatitude, otelattr.ClientASNumber, otelattr.ClientASOrg} {
		assert.NotContains(t, got, absent, "unknown is unknown")
	}
	for address, kind := range map[string]string{
		"10.1.2.3": "private", "fd00::1": "private", "127.0.0.1": "loopback", "fe80::1%eth0": "link_local", "100.64.0.1": "shared", "192.0.2.1": "documentation",
		"224.0.0.1": "multicast", "240.0.0.1": "reserved", "0.0.0.0": "unspecified", "[::ffff:10.1.2.3]:80": "private",
	} {
		got = ofSpan(t, r.engine, from(address))
		assert.Equal(t, kind, got[otelattr.TokenOriginKind], address)
		assert.NotContains(t, got, otelattr.GeoCountry)
	}
	assert.NotContains(t, ofSpan(t, r.engine, from("a host name")), otelattr.TokenOriginKind)
}

func TestDatabasesAreReloaded(t *testing.T) {
	asn := filepath.Join(t.TempDir(), "asn.mmdb")
	writeDatabase(t, asn, strato)
	host := newHost()
	r := startedRig(t, originConfigOf(asn), host)
	network := func() any { return ofSpan(t, r.engine, from("81.169.181.179"))[otelattr.ClientASNumber] }
	assert.Equal(t, int64(6724), network())

	require.NoError(t, os.WriteFile(asn, []byte("half a download"), 0o600))
	require.ErrorContains(t, r.origins.check(t.Context()), "geo::asn_db: "+asn+": no MaxMind DB file")
	assert.Equal(t, int64(6724), network(), "the last good one stays in force")
	require.Error(t, r.origins.check(t.Context()))
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("A geo database is off").Len(), "said once")
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, host.statuses())

	writeDatabase(t, asn, mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(42)})
	require.NoError(t, r.origins.check(t.Context()))
	assert.Equal(t, int64(42), network())
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, host.statuses())
	of := attribute.NewSet(attribute.String("database", "asn_db"))
	metadatatest.AssertEqualTokenIdentityGeoErrors(t, r.telemetry, []metricdata.DataPoint[int64]{{Attributes: of, Value: 2}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualTokenIdentityGeoReloads(t, r.telemetry, []metricdata.DataPoint[int64]{{Attributes: of, Value: 2}}, metricdatatest.IgnoreTimestamp())
}

// originConfigOf is originConfig without a city database.
func originConfigOf(asn string) *Config {
	cfg := originConfig("", asn)
	cfg.Attributes = []string{otelattr.ClientASNumber}
	return cfg
}

func TestTwoTroublesAreTwo(t *testing.T) {
	var h health
	host := newHost()
	h.join(host)
	h.about("registry").Trouble(assert.AnError)
	h.about("asn_db").Trouble(assert.AnError)
	h.about("registry").Well()
	h.about("registry").Well()
	assert.Equal(t, []componentstatus.Status{
		componentstatus.StatusRecoverableError, componentstatus.StatusRecoverableError, componentstatus.StatusRecoverableError,
	}, host.statuses(), "one is over, the other is not")
	h.about("asn_db").Well()
	assert.Equal(t, componentstatus.StatusOK, host.statuses()[3])
}

func TestAMissingDatabaseIsAnErrorAtTheStart(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "asn.mmdb")
	r := newRig(t, originConfigOf(missing), newHost())
	require.ErrorContains(t, r.start(t.Context(), newHost()), "geo::asn_db: stat "+missing)
	require.NoError(t, r.shutdown(t.Context()))

	writeDatabase(t, missing, berlin)
	r = newRig(t, originConfigOf(missing), newHost())
	require.ErrorContains(t, r.start(t.Context(), newHost()), `geo::asn_db: `+missing+`: none of its first 1 records names an autonomous system: it is a "test"`)
	require.NoError(t, r.shutdown(t.Context()))
}

func TestOriginConfig(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"geo: reload_interval: 0s must be above zero, such as 1m":                      func(c *Config) { c.Geo.ReloadInterval = 0 },
		"geo: asn_db: is given, and enabled is false":                                  func(c *Config) { c.Geo.Enabled, c.Geo.ASNDB = false, "x" },
		"attributes[0]: geo.locality.name is not known without geo::city_db":           func(c *Config) { c.Attributes = []string{otelattr.GeoLocality} },
		"attributes[1]: client.as.number is not known without geo::asn_db":             func(c *Config) { c.Attributes = []string{otelattr.TokenType, otelattr.ClientASNumber} },
		"attributes[0]: api_token.origin.kind is not known while geo::enabled is fals": func(c *Config) { c.Attributes, c.Geo.Enabled = []string{otelattr.TokenOriginKind}, false },
	} {
		cfg := testConfig()
		change(cfg)
		assert.ErrorContains(t, confmap.Validate(cfg), want)
	}
	assert.NoError(t, confmap.Validate(originConfig("city.mmdb", "asn.mmdb")))
}
