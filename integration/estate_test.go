package integration

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/sim"
	"github.com/holterhq/holter/internal/sim/otlpsend"
	"github.com/holterhq/holter/internal/sim/replay"
)

// The simulator plans 45 days of an estate and says what ought to be found. Its traffic goes through the built binary, which is killed in the middle and
// restarted at the end; then every answer of the page is the truth, to the last request.
func TestThePageFindsWhatThePlanSays(t *testing.T) {
	now := time.Now()
	fleet, truth := sim.NewEstate(3, now)
	c := newCollector(t, "../configs/default.yaml", "yaml:"+`
processors:
  token_identity:
    storage: null
    registry: null
    token_registry: token_registry
    geo: {asn_db: `+filepathOf(t, "asn.mmdb", networksOf(t, fleet))+`}
    attributes: [api_token.owner.name, api_token.owner.type, api_token.type, api_token.format, api_token.registry_id, api_token.scopes,
      api_token.expires_at, api_token.status, api_token.tags.*, client.as.number]
connectors:
  token_behavior:
    units: {prices: `+filepathOf(t, "prices.yaml", pricesOf(truth))+`}
extensions:
  token_registry:
    storage: file_storage
    registry: {file: "${env:HOLTER_DATA}/owners.yaml"}
  token_console:
    token_registry: token_registry
    deprecated_routes: ["`+strings.Join(truth.OldRoutes, `", "`)+`"]
    demo: {enabled: false}
    limits: {requests_per_second: 0}
service:
  extensions: [health_check, file_storage, token_registry, token_store, token_console]
`)
	c.args = c.onOwnPorts()
	require.NoError(t, fleet.SaveOwners(c.File("owners.yaml"), "a test"))
	c.Start()

	sender, err := otlpsend.New(otlpsend.Config{Endpoint: c.GRPC(), Protocol: "grpc", Insecure: true})
	require.NoError(t, err)
	defer func() { assert.NoError(t, sender.Close()) }()
	half := make(chan struct{})
	sent := make(chan error, 1)
	go func() {
		told := false
		sent <- replay.Run(context.WithoutCancel(t.Context()), fleet, sender, replay.Pace{}, nil, func(p replay.Progress) {
			if p.Done > .5 && !told {
				told = true
				close(half)
			}
		})
	}()
	<-half
	c.Kill9()
	c.Start()
	require.NoError(t, <-sent)

	a := &audit{t: t, c: c, truth: truth}
	a.waitForAll()
	a.everything()
	c.Stop()
	c.Start()
	a.waitForAll()
	a.everything()
	if browserMissing() == "" {
		visitPage(t, c, map[string]string{"FROM": truth.From.Format(time.RFC3339), "TO": truth.To.Format(time.RFC3339)}, "estate")
	}
}

// audit compares answers of the console with the truth.
type audit struct {
	t     *testing.T
	c     *Collector
	truth *sim.Truth
	ids   map[string]string // api_token.id → name in the truth
}

func (a *audit) ask(into any, path string, params ...string) {
	a.t.Helper()
	q := url.Values{}
	for i := 0; i < len(params); i += 2 {
		q.Add(params[i], params[i+1])
	}
	status, body := a.c.browse("/api/v1/" + path + "?" + q.Encode())
	require.Equal(a.t, 200, status, body)
	require.NoError(a.t, json.Unmarshal([]byte(body), into))
}

// waitForAll waits until the console knows of every request.
func (a *audit) waitForAll() {
	a.t.Helper()
	want := int64(0)
	for _, n := range a.truth.Requests {
		want += n
	}
	var top struct{ Total int64 }
	waitFor(a.t, "all requests", func() bool {
		a.ask(&top, "top", append(a.span(), "group", "token")...)
		return top.Total >= want
	})
	var list struct {
		Tokens []struct {
			ID, Hint string
			Registry string `json:"registry_id"`
		}
	}
	a.ask(&list, "tokens", "limit", "500")
	a.ids = map[string]string{}
	for _, token := range list.Tokens {
		a.ids[token.ID] = cmp.Or(token.Registry, token.Hint)
	}
}

func (a *audit) everything() {
	a.t.Helper()
	for name, check := range map[string]func(*testing.T){
		"counts": a.counts, "hygiene": a.hygiene, "limits": a.limits, "plans": a.plans, "routes": a.routes, "capacity": a.capacity, "spend": a.spend, "coverage": a.coverage,
	} {
		a.t.Run(name, check)
	}
}

// span is all of the estate's time.
func (a *audit) span() []string {
	return []string{"from", a.truth.From.Format(time.RFC3339), "to", a.truth.To.Format(time.RFC3339)}
}

func (a *audit) counts(t *testing.T) {
	var top struct {
		Rows []struct {
			Key   string
			Value int64
		}
		Total int64
	}
	a.ask(&top, "top", append(a.span(), "group", "token", "limit", "500")...)
	got := map[string]int64{}
	for _, row := range top.Rows {
		got[a.ids[row.Key]] = row.Value
	}
	assert.Equal(t, a.truth.Requests, got)

	var hourly struct {
		From   time.Time
		Series []struct{ Points []float64 }
	}
	a.ask(&hourly, "series", append(a.span(), "step", "1h")...)
	byHour := map[string]int64{}
	for i, n := range hourly.Series[0].Points {
		if n > 0 {
			byHour[hourly.From.Add(time.Duration(i)*time.Hour).Format(time.RFC3339)] = int64(n)
		}
	}
	assert.Equal(t, a.truth.HourlyTotals, byHour)
}

func (a *audit) hygiene(t *testing.T) {
	var found struct {
		Findings []struct {
			Kind, Token, Hint, Words string
			Guess                    *struct{ Owner string }
		}
		Counts map[string]int
	}
	a.ask(&found, "hygiene", "days", fmt.Sprint(a.truth.HygieneDays))
	var got []sim.TrueFinding
	for _, f := range found.Findings {
		is := sim.TrueFinding{Kind: f.Kind, Token: cmp.Or(a.ids[f.Token], f.Hint)}
		if f.Guess != nil {
			is.Guess = f.Guess.Owner
		}
		got = append(got, is)
	}
	assert.ElementsMatch(t, a.truth.Findings, got)
	for _, f := range a.truth.Findings {
		assert.Equal(t, 1, found.Counts[f.Kind], f.Kind)
	}
}

func (a *audit) limits(t *testing.T) {
	words := map[time.Duration]string{time.Minute: "1m", time.Hour: "1h", 24 * time.Hour: "24h"}
	for window, word := range words {
		for _, group := range []string{"token", "route"} {
			var answer struct {
				Rows []struct {
					Token, Route       string
					P50, P90, P99, Max int64
					Recommended        int64
					WouldRefuse        int64 `json:"would_refuse"`
					Requests           int64
				}
			}
			a.ask(&answer, "limits", "window", word, "group", group, "from", a.truth.LimitsFrom.Format(time.RFC3339), "to", a.truth.To.Format(time.RFC3339))
			var got []sim.TrueLimit
			for _, r := range answer.Rows {
				got = append(got, sim.TrueLimit{
					Token: a.ids[r.Token], Route: r.Route, Window: window, P50: r.P50, P90: r.P90, P99: r.P99, Max: r.Max, Recommended: r.Recommended, WouldRefuse: r.WouldRefuse,
					Requests: r.Requests,
				})
			}
			var want []sim.TrueLimit
			for _, l := range a.truth.Limits {
				if l.Window == window && (l.Route != "") == (group == "route") {
					want = append(want, l)
				}
			}
			assert.ElementsMatch(t, want, got, "%s by %s", word, group)
		}
	}
}

func (a *audit) plans(t *testing.T) {
	var answer struct {
		Rows []struct {
			Owner, Plan, Alert string
			Requests, Quota    int64
			Used               float64 `json:"used_share"`
			Cost               float64
		}
		Total int64
	}
	a.ask(&answer, "plans", a.span()...)
	got := map[string]sim.TruePlan{}
	sum := int64(0)
	for _, r := range answer.Rows {
		got[r.Owner+"/"+r.Plan] = sim.TruePlan{Owner: r.Owner, Plan: r.Plan, Requests: r.Requests, Quota: r.Quota, Used: r.Used, Alert: r.Alert, Cost: r.Cost}
		sum += r.Requests
	}
	assert.Equal(t, answer.Total, sum)
	assert.Len(t, got, len(a.truth.Plans))
	for _, want := range a.truth.Plans {
		is := got[want.Owner+"/"+want.Plan]
		assert.InDelta(t, want.Used, is.Used, 1e-9)
		assert.InDelta(t, want.Cost, is.Cost, 1e-6)
		is.Used, is.Cost = want.Used, want.Cost
		assert.Equal(t, want, is)
	}
}

func (a *audit) routes(t *testing.T) {
	var answer struct {
		Stress []struct {
			Route     string
			Threshold float64 `json:"threshold_rate"`
			Tokens    []struct {
				Token string
				Share float64
			}
		}
		Invest []struct {
			Route     string
			Owners    int
			Requests  int64
			ErrorRate float64 `json:"error_rate"`
			P95       float64
		}
		Adoption []struct {
			Route  string
			First  time.Time
			Owners int
			Series struct{ Points []float64 }
		}
		Deprecated []struct {
			Route   string
			Since   time.Time
			Callers []struct {
				Token    string
				Requests int64
			}
		}
	}
	a.ask(&answer, "routes", a.span()...)
	var stress []sim.TrueStress
	for _, s := range answer.Stress {
		is := sim.TrueStress{Route: s.Route, Threshold: s.Threshold, Shares: map[string]float64{}}
		for _, token := range s.Tokens {
			is.Shares[a.ids[token.Token]] = token.Share
		}
		stress = append(stress, is)
	}
	assert.Equal(t, a.truth.Stress, stress)

	var adopted []sim.TrueAdoption
	for _, r := range answer.Adoption {
		adopted = append(adopted, sim.TrueAdoption{Route: r.Route, First: r.First, Owners: r.Owners, Daily: r.Series.Points})
	}
	assert.ElementsMatch(t, a.truth.Adoption, adopted)

	var gone []sim.TrueDeprecation
	for _, r := range answer.Deprecated {
		is := sim.TrueDeprecation{Route: r.Route, Since: r.Since, Callers: map[string]int64{}}
		for _, caller := range r.Callers {
			is.Callers[a.ids[caller.Token]] = caller.Requests
		}
		gone = append(gone, is)
	}
	assert.ElementsMatch(t, a.truth.Deprecated, gone)

	var worth []sim.TrueInvestment
	for _, r := range answer.Invest {
		is := sim.TrueInvestment{Route: r.Route, Owners: r.Owners, Requests: r.Requests, ErrorRate: r.ErrorRate, P95: r.P95}
		if i := slices.IndexFunc(a.truth.Investments, func(v sim.TrueInvestment) bool { return v.Route == r.Route }); i >= 0 {
			assert.InEpsilon(t, a.truth.Investments[i].P95, r.P95, .05, "p95 of %s", r.Route) // of a histogram
			is.P95 = a.truth.Investments[i].P95
		}
		worth = append(worth, is)
	}
	assert.ElementsMatch(t, a.truth.Investments, worth)
}

func (a *audit) capacity(t *testing.T) {
	var answer struct {
		Rows []struct {
			Key     string
			Limit   float64
			Slope   float64 `json:"slope_per_day"`
			Reaches *struct{ At, Low, High time.Time }
		}
	}
	a.ask(&answer, "capacity", a.span()...)
	for _, want := range a.truth.Capacity {
		i := slices.IndexFunc(answer.Rows, func(row struct {
			Key     string
			Limit   float64
			Slope   float64 `json:"slope_per_day"`
			Reaches *struct{ At, Low, High time.Time }
		},
		) bool {
			return a.ids[row.Key] == want.Token
		})
		if !assert.GreaterOrEqual(t, i, 0, want.Token) {
			continue
		}
		row := answer.Rows[i]
		assert.InDelta(t, want.Limit, row.Limit, 1e-9)
		assert.InDelta(t, want.Slope, row.Slope, 1e-6)
		if assert.NotNil(t, row.Reaches) {
			assert.WithinDuration(t, want.Reaches, row.Reaches.At, time.Hour)
			assert.WithinRange(t, want.Reaches, row.Reaches.Low.Add(-time.Hour), row.Reaches.High.Add(time.Hour))
		}
	}
}

func (a *audit) spend(t *testing.T) {
	for _, group := range []string{"token", "owner", "model"} {
		var answer struct {
			Rows []struct {
				Key, Currency string
				Cost          float64
				Units         map[string]int64
			}
		}
		a.ask(&answer, "spend", append(a.span(), "group", group)...)
		var want, got []sim.TrueSpend
		for _, s := range a.truth.Spend {
			if s.Group == group {
				s.Cost = rounded(s.Cost)
				want = append(want, s)
			}
		}
		for _, r := range answer.Rows {
			key := r.Key
			if group == "token" {
				key = a.ids[key]
			}
			assert.Equal(t, a.truth.Currency, r.Currency)
			got = append(got, sim.TrueSpend{Group: group, Key: key, Cost: rounded(r.Cost), Input: r.Units["input_tokens"], Output: r.Units["output_tokens"]})
		}
		assert.ElementsMatch(t, want, got)
	}
}

func (a *audit) coverage(t *testing.T) {
	var answer struct{ Services []sim.TrueCoverage }
	a.ask(&answer, "coverage", a.span()...)
	assert.ElementsMatch(t, a.truth.Coverage, answer.Services)
}

// rounded is a sum of money without what adding up fractions leaves.
func rounded(cost float64) float64 { return float64(int64(cost*1e6+.5)) / 1e6 }

// filepathOf writes a file and says where it is.
func filepathOf(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := t.TempDir() + "/" + name
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// networksOf is a database of the networks that a fleet calls from.
func networksOf(t *testing.T, fleet *sim.Fleet) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "estate"})
	require.NoError(t, err)
	seen := map[netip.Prefix]bool{}
	for q := range fleet.Requests() {
		network := netip.PrefixFrom(q.Address, 24).Masked()
		if seen[network] {
			continue
		}
		seen[network] = true
		_, prefix, err := net.ParseCIDR(network.String())
		require.NoError(t, err)
		require.NoError(t, tree.Insert(prefix, mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(sim.AS(q.Address))}))
	}
	var text strings.Builder
	_, err = tree.WriteTo(&text)
	require.NoError(t, err)
	return []byte(text.String())
}

// pricesOf is the price file of an estate.
func pricesOf(truth *sim.Truth) []byte {
	var text strings.Builder
	fmt.Fprintf(&text, "currency: %s\nmodels:\n", truth.Currency)
	for model, price := range truth.ModelPrices {
		fmt.Fprintf(&text, "  %s: {input: %v, output: %v}\n", model, price.Input, price.Output)
	}
	return []byte(text.String())
}
