package geo

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type fields = mmdbtype.Map

// written is a database of the given records by network.
func written(tb testing.TB, name string, records map[string]fields) []byte {
	tb.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: name, RecordSize: 24})
	require.NoError(tb, err)
	for network, record := range records {
		_, prefix, err := net.ParseCIDR(network)
		require.NoError(tb, err)
		require.NoError(tb, tree.Insert(prefix, record))
	}
	var b bytes.Buffer
	_, err = tree.WriteTo(&b)
	require.NoError(tb, err)
	return b.Bytes()
}

const berlinV4, berlinV6 = "81.169.181.0/24", "2a01:238::/32"

func named(name string) fields {
	return fields{"names": fields{"de": mmdbtype.String("anders"), "en": mmdbtype.String(name)}}
}

// layouts are one place and its network, as the makers of databases write them.
var layouts = map[string]struct {
	record fields
	want   Record
}{
	"MaxMind city": {
		fields{
			"city":               named("Berlin"),
			"continent":          fields{"code": mmdbtype.String("EU"), "geoname_id": mmdbtype.Uint32(6255148)},
			"country":            fields{"iso_code": mmdbtype.String("DE"), "is_in_european_union": mmdbtype.Bool(true)},
			"registered_country": fields{"iso_code": mmdbtype.String("FR")},
			"location":           fields{"latitude": mmdbtype.Float64(52.52), "longitude": mmdbtype.Float64(13.405), "time_zone": mmdbtype.String("Europe/Berlin")},
			"subdivisions":       mmdbtype.Slice{fields{"iso_code": mmdbtype.String("BE")}, fields{"iso_code": mmdbtype.String("XX")}},
		},
		Record{Country: "DE", Continent: "EU", Region: "DE-BE", City: "Berlin", Latitude: 52.52, Longitude: 13.405, Located: true},
	},
	"MaxMind ASN": {
		fields{"autonomous_system_number": mmdbtype.Uint32(6724), "autonomous_system_organization": mmdbtype.String("Strato AG")},
		Record{Network: 6724, Organization: "Strato AG"},
	},
	"MaxMind enterprise": {
		fields{
			"country": fields{"iso_code": mmdbtype.String("DE")},
			"traits":  fields{"autonomous_system_number": mmdbtype.Uint32(6724), "isp": mmdbtype.String("Strato")},
		},
		Record{Country: "DE", Continent: "EU", Network: 6724},
	},
	"DB-IP city": {
		fields{
			"city":         fields{"names": fields{"en": mmdbtype.String("Berlin (Mitte)")}},
			"continent":    fields{"code": mmdbtype.String("EU")},
			"country":      fields{"iso_code": mmdbtype.String("DE")},
			"location":     fields{"latitude": mmdbtype.Float32(52.52), "longitude": mmdbtype.Float32(13.405)},
			"subdivisions": mmdbtype.Slice{named("Land Berlin")},
		},
		Record{Country: "DE", Continent: "EU", City: "Berlin (Mitte)", Latitude: 52.52, Longitude: 13.405, Located: true},
	},
	"ip-location-db city": {
		fields{
			"city": mmdbtype.String("Berlin"), "country_code": mmdbtype.String("DE"), "state1": mmdbtype.String("Land Berlin"), "state2": mmdbtype.String(""),
			"latitude": mmdbtype.Float32(52.52), "longitude": mmdbtype.Float32(13.405), "postcode": mmdbtype.String("10117"),
		},
		Record{Country: "DE", Continent: "EU", City: "Berlin", Latitude: 52.52, Longitude: 13.405, Located: true},
	},
	"ip-location-db ASN": {
		fields{"autonomous_system_number": mmdbtype.Uint32(6724), "autonomous_system_organization": mmdbtype.String("Strato AG")},
		Record{Network: 6724, Organization: "Strato AG"},
	},
	"ip-location-db country":         {fields{"country_code": mmdbtype.String("DE")}, Record{Country: "DE", Continent: "EU"}},
	"the number as a text":           {fields{"autonomous_system_number": mmdbtype.String("AS6724")}, Record{Network: 6724}},
	"a small number":                 {fields{"autonomous_system_number": mmdbtype.Uint16(42)}, Record{Network: 42}},
	"half a position":                {fields{"latitude": mmdbtype.Float64(52.52)}, Record{Latitude: 52.52}},
	"no country":                     {fields{"country_code": mmdbtype.String("ZZ"), "city": mmdbtype.String("Atlantis")}, Record{City: "Atlantis"}},
	"everything of another kind":     {fields{"country": mmdbtype.Bool(true), "city": mmdbtype.Uint32(1), "subdivisions": mmdbtype.String("x"), "location": mmdbtype.Slice{}, "autonomous_system_number": mmdbtype.Bool(true), "latitude": mmdbtype.String("north"), "continent": fields{"code": mmdbtype.Uint32(7)}}, Record{}},
	"a region longer than its codes": {fields{"country_code": mmdbtype.String("DE"), "subdivisions": mmdbtype.Slice{fields{"iso_code": mmdbtype.String("Berlin")}}}, Record{Country: "DE", Continent: "EU"}},
}

func TestLayouts(t *testing.T) {
	for name, test := range layouts {
		t.Run(name, func(t *testing.T) {
			d, err := Open(written(t, name, map[string]fields{berlinV4: test.record, berlinV6: test.record}))
			require.NoError(t, err)
			assert.Equal(t, name, d.Type())
			assert.WithinDuration(t, time.Now(), d.Built(), time.Hour)
			for _, address := range []string{"81.169.181.179", "::ffff:81.169.181.179", "2a01:238:42b7::1", "2a01:238::1%eth0"} {
				assert.Equal(t, &test.want, d.Find(netip.MustParseAddr(address)), address)
			}
			assert.Equal(t, &Record{}, d.Find(netip.MustParseAddr("8.8.8.8")))
			assert.Equal(t, &Record{}, d.Find(netip.MustParseAddr("10.1.2.3")))
			assert.Equal(t, &Record{}, d.Find(netip.Addr{}))
		})
	}
}

func TestEveryCountryHasOneContinent(t *testing.T) {
	assert.Len(t, continentByCountry, 250)
	seen := 0
	for range continents {
		seen++
	}
	assert.Equal(t, 7, seen)
}

func TestAtlas(t *testing.T) {
	open := func(record fields, network string) *Database {
		d, err := Open(written(t, "test", map[string]fields{network: record}))
		require.NoError(t, err)
		return d
	}
	here, elsewhere := netip.MustParseAddr("81.169.181.179"), netip.MustParseAddr("8.8.8.8")
	var atlas Atlas
	var memo Memo
	assert.Equal(t, Public, atlas.Find(here).Kind)
	assert.Equal(t, &Record{}, memo.Find(&atlas, here).Where())

	atlas.Put(Countries, open(fields{"country_code": mmdbtype.String("FR")}, "0.0.0.0/1"))
	atlas.Put(Countries, open(fields{"country_code": mmdbtype.String("FR")}, "80.0.0.0/4"))
	assert.Equal(t, "FR", memo.Find(&atlas, here).Where().Country, "what was remembered went with the database")
	assert.Empty(t, memo.Find(&atlas, elsewhere).Where().Country)
	assert.Zero(t, memo.Find(&atlas, here).Network().Network)

	atlas.Put(Cities, open(layouts["MaxMind city"].record, "81.169.181.0/24"))
	atlas.Put(Networks, open(layouts["DB-IP city"].record, "81.169.181.0/24"))
	assert.Equal(t, "DE-BE", memo.Find(&atlas, here).Where().Region, "the city database is believed")
	assert.Equal(t, "FR", memo.Find(&atlas, netip.MustParseAddr("81.169.182.1")).Where().Country, "where it knows nothing, the country database")

	atlas.Put(Networks, open(layouts["MaxMind ASN"].record, "81.169.181.0/24"))
	assert.Equal(t, uint32(6724), memo.Find(&atlas, here).Network().Network)
	assert.Equal(t, uint32(6724), memo.Find(&atlas, here).Network().Network, "from memory")
	assert.Equal(t, Place{Kind: Private}, memo.Find(&atlas, netip.MustParseAddr("10.1.2.3")))
	assert.Equal(t, Loopback, memo.Find(&atlas, netip.IPv6Loopback()).Kind)
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "asn.mmdb")
	var atlas Atlas
	here := netip.MustParseAddr("81.169.181.179")
	file := NewFile(path, Networks, &atlas)
	put := func(raw []byte) {
		require.NoError(t, os.WriteFile(path+".new", raw, 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
	check := func(changed bool, problem string) {
		t.Helper()
		got, err := file.Check()
		assert.Equal(t, changed, got)
		if problem == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, problem)
		}
	}
	good := func(network uint32) []byte {
		return written(t, "asn", map[string]fields{berlinV4: {"autonomous_system_number": mmdbtype.Uint32(network)}})
	}
	check(false, "no such file")
	put([]byte("nonsense"))
	check(false, path+": no MaxMind DB file: ")
	check(false, "no MaxMind DB file")
	put(good(1))
	check(true, "")
	check(false, "")
	assert.Equal(t, uint32(1), atlas.Find(here).Network().Network)
	put(written(t, "cities", map[string]fields{berlinV4: layouts["MaxMind city"].record}))
	check(false, `none of its first 1 records names an autonomous system: it is a "cities"`)
	assert.Equal(t, uint32(1), atlas.Find(here).Network().Network, "the last good one stays in force")
	whole := good(2)
	put(whole[:len(whole)/2])
	check(false, "no MaxMind DB file")
	put(written(t, "empty", nil))
	check(false, "an empty database")
	require.NoError(t, os.Remove(path))
	check(false, "no such file")
	assert.Equal(t, uint32(1), atlas.Find(here).Network().Network)
	put(good(3))
	check(true, "")
	assert.Equal(t, uint32(3), atlas.Find(here).Network().Network)
	assert.Equal(t, path, file.Path())
}

// FuzzDatabase: a damaged database says nothing, and takes nobody along.
func FuzzDatabase(f *testing.F) {
	for _, name := range []string{"MaxMind city", "DB-IP city", "ip-location-db city", "MaxMind ASN"} {
		f.Add(written(f, name, map[string]fields{berlinV4: layouts[name].record}), uint16(0), byte(0))
	}
	here := netip.MustParseAddr("81.169.181.179")
	f.Fuzz(func(t *testing.T, raw []byte, at uint16, with byte) {
		if len(raw) == 0 {
			return
		}
		raw = bytes.Clone(raw)
		raw[int(at)%len(raw)] ^= with
		d, err := Open(raw)
		if err != nil {
			return
		}
		if r := d.Find(here); r.Country != "" && !isCode(r.Country) {
			t.Fatalf("%q is no country", r.Country)
		}
		_ = d.holds(Cities)
	})
}
