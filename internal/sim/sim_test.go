package sim

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// start is a Monday; the 28 days from it hold a month's end, no public holiday of a large country but Labour Day.
var start = time.Date(2026, 4, 13, 0, 0, 0, 0, time.UTC)

func fleet(t testing.TB, cfg Config) *Fleet {
	t.Helper()
	if cfg.Start.IsZero() {
		cfg.Start = start
	}
	if cfg.Days == 0 {
		cfg.Days = 28
	}
	f, err := New(cfg)
	require.NoError(t, err)
	return f
}

func TestSameConfigSameRequests(t *testing.T) {
	cfg := Config{Seed: 7, Tokens: 40, Days: 10, Attacks: []Attack{{Name: "stolen-key"}, {Name: "burst"}}}
	a, b := slices.Collect(fleet(t, cfg).Requests()), slices.Collect(fleet(t, cfg).Requests())
	require.Len(t, b, len(a))
	for i := range a {
		x, y := a[i], b[i]
		assert.Equal(t, x.Token.ID, y.Token.ID)
		x.Token, y.Token, x.Service, y.Service, x.Route, y.Route, x.Attack, y.Attack = nil, nil, nil, nil, nil, nil, nil, nil
		require.Equal(t, x, y, "request %d", i)
		require.Equal(t, a[i].Token.Credential.Value(a[i].Time), b[i].Token.Credential.Value(b[i].Time))
	}
	f := fleet(t, cfg)
	assert.Len(t, slices.Collect(f.Requests()), len(slices.Collect(f.Requests())), "a second pass gives the same")

	cfg.Seed = 8
	other := slices.Collect(fleet(t, cfg).Requests())
	assert.NotEqual(t, a[0].Trace, other[0].Trace)
}

func TestRequestsAreInOrderAndInTheFleetsTime(t *testing.T) {
	f := fleet(t, Config{Seed: 1, Tokens: 80, Days: 12, Attacks: []Attack{{Name: "stolen-key"}, {Name: "enumeration"}}})
	last := f.Start()
	for q := range f.Requests() {
		require.False(t, q.Time.Before(last), "%s after %s", q.Time, last)
		require.True(t, q.Time.Before(f.End()))
		require.Positive(t, q.Duration)
		require.True(t, q.Address.IsValid())
		require.NotEmpty(t, q.Agent)
		require.NotEmpty(t, q.Version)
		last = q.Time
	}
	assert.Equal(t, f.Start().AddDate(0, 0, 12), f.End())
}

func TestAttacksChangeNobodyElse(t *testing.T) {
	count := func(f *Fleet) (n int) {
		for q := range f.Requests() {
			if q.Attack == nil {
				n++
			}
		}
		return n
	}
	cfg := Config{Seed: 3, Tokens: 40, Days: 10}
	calm := count(fleet(t, cfg))
	cfg.Attacks = []Attack{{Name: "stolen-key"}, {Name: "exfiltration"}, {Name: "scope-probing"}}
	assert.Equal(t, calm, count(fleet(t, cfg)))
}

func TestVolumesAreSkewed(t *testing.T) {
	f := fleet(t, Config{Seed: 2, Tokens: 200, Days: 7})
	byToken := map[string]int{}
	total := 0
	for q := range f.Requests() {
		byToken[q.Token.ID]++
		total++
	}
	counts := make([]int, 0, len(byToken))
	for _, n := range byToken {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	top := 0
	for _, n := range counts[len(counts)-len(counts)/10:] {
		top += n
	}
	assert.Greater(t, float64(top)/float64(total), .35, "the busiest tenth makes more than a third of the requests")
	assert.Greater(t, counts[len(counts)-1], 20*counts[len(counts)/2], "the busiest token is far above the median")
	perDay := float64(total) / 200 / 7
	assert.InDelta(t, 90, perDay, 60, "requests per token and day")
}

func TestEveryPopulationIsThere(t *testing.T) {
	f := fleet(t, Config{Seed: 5, Tokens: len(Populations()), Days: 30})
	seen := map[Population]int{}
	for q := range f.Requests() {
		seen[q.Token.Population]++
	}
	for _, p := range Populations() {
		assert.Positive(t, seen[p], "population %s", p)
	}
}

func TestPopulationsCanBeChosen(t *testing.T) {
	f := fleet(t, Config{Seed: 5, Tokens: 9, Populations: []Population{CI, CDN, VPN}})
	n := map[Population]int{}
	for _, token := range f.Tokens() {
		n[token.Population]++
	}
	assert.Equal(t, map[Population]int{CI: 3, CDN: 3, VPN: 3}, n)
}

func TestPeopleHaveWeekendsAndNights(t *testing.T) {
	f := fleet(t, Config{Seed: 4, Tokens: 60, Populations: []Population{Office}})
	var weekday, weekend, night, all float64
	for q := range f.Requests() {
		if q.Token.abroad(q.Time) != nil {
			continue
		}
		local := q.Time.In(q.Token.zone())
		if wd := local.Weekday(); wd == time.Saturday || wd == time.Sunday {
			weekend++
		} else {
			weekday++
		}
		if local.Hour() < 5 {
			night++
		}
		all++
	}
	assert.Less(t, weekend/2, .15*weekday/5, "a weekend's day has a small part of a weekday's requests")
	assert.Less(t, night/all, .01, "next to nothing happens at night")
}

func TestServersWorkAtNightToo(t *testing.T) {
	f := fleet(t, Config{Seed: 4, Tokens: 30, Populations: []Population{Partner, Workload}})
	var night, all float64
	for q := range f.Requests() {
		if h := q.Time.In(q.Token.zone()).Hour(); h < 6 {
			night++
		}
		all++
	}
	assert.Greater(t, night/all, .1)
}

func TestBatchesRunAtTheEndOfTheMonth(t *testing.T) {
	f := fleet(t, Config{Seed: 6, Tokens: 10, Populations: []Population{Batch}})
	perDay := map[string]int{}
	for q := range f.Requests() {
		perDay[q.Time.In(q.Token.zone()).Format("01-02")]++
	}
	assert.Greater(t, perDay["04-30"]+perDay["05-01"], 10*(perDay["04-22"]+perDay["04-23"]))
}

func TestAddressesFollowThePopulation(t *testing.T) {
	type seen struct{ addresses, slash24 map[string]bool }
	look := func(p Population) map[string]*seen {
		out := map[string]*seen{}
		for q := range fleet(t, Config{Seed: 9, Tokens: 12, Days: 14, Populations: []Population{p}}).Requests() {
			s := out[q.Token.ID]
			if s == nil {
				s = &seen{map[string]bool{}, map[string]bool{}}
				out[q.Token.ID] = s
			}
			s.addresses[q.Address.String()] = true
			if q.Address.Is4() {
				net, _ := q.Address.Prefix(24)
				s.slash24[net.String()] = true
			}
		}
		return out
	}
	for id, s := range look(Partner) {
		assert.Len(t, s.addresses, 1, "partner %s", id)
	}
	for id, s := range look(CDN) {
		assert.LessOrEqual(t, len(s.slash24), 3, "token %s behind a CDN", id)
	}
	many := 0
	for _, s := range look(CI) {
		if len(s.slash24) > 20 {
			many++
		}
	}
	assert.Greater(t, many, 4, "build runners change their networks")
	six := 0
	for q := range fleet(t, Config{Seed: 9, Tokens: 12, Days: 14, Populations: []Population{Mobile}}).Requests() {
		if q.Address.Is6() {
			six++
		}
	}
	assert.Positive(t, six)
	shared := map[string]map[string]bool{}
	for q := range fleet(t, Config{Seed: 9, Tokens: 12, Days: 14, Populations: []Population{Office}}).Requests() {
		if q.Address.Is4() {
			net, _ := q.Address.Prefix(24)
			if shared[net.String()] == nil {
				shared[net.String()] = map[string]bool{}
			}
			shared[net.String()][q.Token.ID] = true
		}
	}
	most := 0
	for _, tokens := range shared {
		most = max(most, len(tokens))
	}
	assert.GreaterOrEqual(t, most, 3, "colleagues share a /24")
}

func TestErrorsStayAtTheirBaseRate(t *testing.T) {
	var bad, all float64
	for q := range fleet(t, Config{Seed: 11, Tokens: 100, Days: 14}).Requests() {
		if q.Status >= 400 {
			bad++
		}
		all++
	}
	assert.InDelta(t, .02, bad/all, .015)
}

func TestReleasesRollOut(t *testing.T) {
	versions := map[string]map[string]bool{}
	for q := range fleet(t, Config{Seed: 12, Tokens: 60, Days: 28}).Requests() {
		if versions[q.Service.Name] == nil {
			versions[q.Service.Name] = map[string]bool{}
		}
		versions[q.Service.Name][q.Version] = true
	}
	for name, v := range versions {
		assert.GreaterOrEqual(t, len(v), 2, "versions of %s", name)
	}
}

func TestJWTsChangeHourlyAndKeepTheirPrincipal(t *testing.T) {
	c := newCredential(newDice(1, "jwt"), JWT)
	at := start.Add(time.Duration(c.phase()) * time.Second)
	assert.Equal(t, c.Value(at), c.Value(at.Add(59*time.Minute)))
	assert.NotEqual(t, c.Value(at), c.Value(at.Add(time.Hour)))
	assert.NotEqual(t, c.Epoch(at), c.Epoch(at.Add(time.Hour)))
	assert.Contains(t, c.Hint(), "client-")
}

func TestConfigErrorsSayWhatIsWrong(t *testing.T) {
	_, err := New(Config{})
	require.ErrorContains(t, err, "0 tokens")
	require.ErrorContains(t, err, "0 days")
	require.ErrorContains(t, err, "no start")
	_, err = ParsePopulations("office,robots")
	require.ErrorContains(t, err, `unknown population "robots": choose from office`)
}

func TestDiceDrawWhatTheyPromise(t *testing.T) {
	d := newDice(1)
	for _, mean := range []float64{.1, 2, 30, 200} {
		var sum float64
		const n = 20000
		for range n {
			sum += float64(d.poisson(mean))
		}
		assert.InDelta(t, mean, sum/n, 4*math.Sqrt(mean/n)+.01)
	}
	var sum float64
	for range 20000 {
		sum += float64(d.geometric(5))
	}
	assert.InDelta(t, 5, sum/20000, .15)
}

func BenchmarkRequests(b *testing.B) {
	f := fleet(b, Config{Seed: 1, Tokens: 500, Days: 365})
	b.ReportAllocs()
	n := 0
	for range f.Requests() {
		if n++; n == b.N {
			break
		}
	}
}
