package behavior

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
)

// of gives requests to a tenant, whose tokens have names of their own.
func of(tenant string, obs []Observation) []Observation {
	for i := range obs {
		obs[i].Tenant, obs[i].Token = tenant, obs[i].Token+tenant
	}
	return obs
}

// beside mixes requests in the order of time.
func beside(all ...[]Observation) []Observation {
	mixed := slices.Concat(all...)
	slices.SortStableFunc(mixed, func(a, b Observation) int { return cmp.Compare(a.Time, b.Time) })
	return mixed
}

// over adds a request three days later: by then all has been said.
func over(obs []Observation) []Observation {
	return append(obs, Observation{Token: "end", Time: obs[len(obs)-1].Time + 3*day, RequestBytes: -1, ResponseBytes: -1})
}

// eventsOf are those of one tenant.
func eventsOf(tenant string, events []anomaly.Event) (own []anomaly.Event) {
	for i := range events {
		if events[i].Token.Tenant == tenant {
			own = append(own, events[i])
		}
	}
	return own
}

func tenantConfig() Config { return Config{Budget: Budget{FalseAlerts: 5, PerTokenDays: 1000}} }

// What one tenant's tokens do is nothing to another's: with a budget per token-days each has the events that it has alone. Together their habits
// explain each other, their outages are one crowd, and one's thefts calibrate the other's thresholds.
func TestTenantsDoNotExplainEachOther(t *testing.T) {
	opposite := func() []Observation {
		obs := outage(60, 40)
		for i := range obs {
			o := &obs[i]
			o.Country, o.Network, o.Client, o.Service, o.Route = "NL", "AS14061", "curl/8", "api", "/v1/exports"
		}
		return obs
	}
	parts := map[string]func() []Observation{
		"a": func() []Observation { return crowdOf(1, 70, 40, 35) }, "b": opposite, "": func() []Observation { return crowdOf(5, 20, 40, 30) },
	}
	var all [][]Observation
	for _, tenant := range []string{"", "a", "b"} {
		all = append(all, of(tenant, parts[tenant]()))
	}
	events := New(tenantConfig()).Apply(over(beside(all...)))
	for tenant, part := range parts {
		alone := New(tenantConfig()).Apply(over(of(tenant, part())))
		require.NotEmpty(t, alone, tenant)
		require.Equal(t, alone, eventsOf(tenant, events), tenant)
	}

	together := beside(all...)
	for i := range together {
		together[i].Tenant = ""
	}
	require.NotEqual(t, len(events), len(New(tenantConfig()).Apply(over(together))), "as tokens of one tenant they would")
}

func TestTenantsOutliveRestartsAndShards(t *testing.T) {
	draw := func() []Observation {
		return beside(of("a", crowdOf(1, 30, 40, 35)), of("b", outage(40, 40)), crowdOf(3, 10, 40, 35))
	}
	want := New(tenantConfig()).Apply(draw())
	require.NotEmpty(t, eventsOf("a", want))
	require.NotEmpty(t, eventsOf("b", want))

	cfg := tenantConfig()
	cfg.Shards = 4
	require.Equal(t, want, New(cfg).Apply(draw()), "with goroutines")

	disk := store{}
	var events []anomaly.Event
	obs := draw()
	for part := range slices.Chunk(obs, len(obs)/23) {
		cfg := tenantConfig()
		cfg.Limits.MaxTokens, cfg.Load = 32, disk.load // two a shard
		e := New(cfg)
		require.NoError(t, e.Restore(disk.load))
		events = append(events, e.Apply(part)...)
		disk.save(e.Snapshot())
	}
	require.Equal(t, want, events)
}

func TestTenantsBeyondTheLimitAreComparedWithNobody(t *testing.T) {
	draw := func() []Observation {
		return beside(of("a", crowdOf(1, 30, 40, 99)), of("b", outage(40, 40)), of("c", crowdOf(3, 20, 40, 35)))
	}
	cfg := tenantConfig()
	cfg.Limits.MaxTenants = 1
	e := New(cfg)
	events := e.Apply(draw())
	stats := e.Stats()
	require.Equal(t, 1, stats.Tenants)
	require.EqualValues(t, len(outage(40, 40))+len(crowdOf(3, 20, 40, 35)), stats.Beyond)
	require.NotEmpty(t, eventsOf("c", events), "they are judged all the same")
	for _, event := range eventsOf("b", events) {
		require.NotEqual(t, anomaly.PopulationShift, event.Detector)
	}
	require.Empty(t, e.tenants.beyond.peers.releases)
	for of := range e.tenants.beyond.peers.common {
		require.Zero(t, e.tenants.beyond.peers.common[of].total)
	}

	disk := store{}
	disk.save(e.Snapshot())
	again := New(cfg)
	require.NoError(t, again.Restore(disk.load))
	require.Equal(t, e.tenants.beyond.limits, again.tenants.beyond.limits)
}

func TestATenantThatIsGoneMakesRoom(t *testing.T) {
	cfg := tenantConfig()
	cfg.Limits.MaxTenants = 1
	e := New(cfg)
	e.Apply(of("a", crowdOf(1, 3, 5, 99)))
	late := of("b", crowdOf(1, 3, 5, 99))
	for day := range int64(8) {
		for i := range late {
			late[i].Time += 10 * 86400e9
		}
		e.Apply(slices.Clone(late))
		require.Equal(t, day < 6, e.tenants.known["b"] == nil, day)
		require.Equal(t, 1, e.Stats().Tenants)
	}
	require.Nil(t, e.tenants.known["a"])
}

// A request that says no tenant is one of its token's.
func TestATokenStaysWithItsTenant(t *testing.T) {
	e := New(tenantConfig())
	obs := of("a", crowdOf(1, 7, 10, 99))
	for i := range obs {
		if obs[i].Time > obs[0].Time+3*day {
			obs[i].Tenant = ""
		}
	}
	e.Apply(obs)
	require.Zero(t, e.population.live)
	require.Positive(t, e.tenants.known["a"].live)
}
