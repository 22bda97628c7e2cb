package insight

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/holterhq/holter/internal/store"
)

func TestLimitsAreThoseThatWerePlanted(t *testing.T) {
	p := plant(t)
	p.token(store.Token{ID: "tok_a", Hint: "sk_…9f3a", OwnerID: "acme"})
	p.token(store.Token{ID: "tok_b"})
	from := now.Add(-6 * time.Hour)
	// A hundred minutes of 10, 98 times of 20, one of 30 and one of 500; half of them under another owner, so in facts of their own.
	for i := range 200 {
		n := int64(10)
		switch {
		case i == 199:
			n = 500
		case i == 198:
			n = 30
		case i >= 100:
			n = 20
		}
		at := from.Add(time.Duration(i) * time.Minute)
		p.add(use{token: "tok_a", owner: "acme", at: at, route: "GET /v1/orders", requests: n / 2})
		p.add(use{token: "tok_a", owner: "bolt", at: at, route: "GET /v1/orders", requests: n - n/2})
	}
	p.add(use{token: "tok_b", at: from, route: "GET /v1/orders", requests: 7})
	s := p.done()
	question := LimitQuestion{Question: Question{From: now.AddDate(0, 0, -30), To: now}, Group: store.ByToken, Window: time.Minute}
	limits, err := FindLimits(t.Context(), s, question)
	require.NoError(t, err)
	require.Len(t, limits, 2)
	assert.Equal(t, Limit{
		Key: "tok_a", Label: "sk_…9f3a", Token: "tok_a", Owner: "acme", P50: 10, P90: 20, P99: 20, Max: 500, Recommended: 30, WouldRefuse: 470,
		Requests: 100*10 + 98*20 + 30 + 500, CoveredDays: limits[0].CoveredDays,
	}, limits[0])
	assert.InDelta(t, 200./24/60, limits[0].CoveredDays, 1e-9)
	assert.Equal(t, [2]int64{11, 0}, [2]int64{limits[1].Recommended, limits[1].WouldRefuse})

	question.Window = time.Hour
	limits, err = FindLimits(t.Context(), s, question)
	require.NoError(t, err)
	assert.Equal(t, int64(60*20), limits[0].Max, "the third hour")

	question.Group, question.Window = store.ByRoute, time.Minute
	limits, err = FindLimits(t.Context(), s, question)
	require.NoError(t, err)
	require.Len(t, limits, 1)
	assert.Equal(t, "GET /v1/orders", limits[0].Route)
	assert.Equal(t, [2]int64{500, 100*10 + 98*20 + 30 + 500 + 7}, [2]int64{limits[0].Max, limits[0].Requests}, "the windows of each token by themselves")

	question.Group = store.ByCountry
	_, err = FindLimits(t.Context(), s, question)
	require.ErrorContains(t, err, "limits are of a token or of a route")
}

// A limit refuses what lies above it, whatever was seen.
func TestQuantilesAreNearestRanks(t *testing.T) {
	require.NoError(t, quick.Check(func(counts []uint16, share uint8) bool {
		if len(counts) == 0 {
			return true
		}
		s := make(spread)
		for _, n := range counts {
			s[int64(n)]++
		}
		q := float64(share%100+1) / 100
		value := s.quantile(q)
		below, over := 0, int64(0)
		for _, n := range counts {
			if int64(n) <= value {
				below++
			}
			over += max(0, int64(n)-value)
		}
		return float64(below) >= q*float64(len(counts))-1e-9 && over == s.over(value)
	}, nil))
	for n, want := range map[float64]int64{0: 1, .3: 1, 1: 1, 1.5: 2, 30: 30, 99.5: 100, 100: 100, 101: 110, 123: 130, 12345: 13000, 990.1: 1000} {
		assert.Equal(t, want, roundUp(n), n)
	}
}

var someLimits = []Limit{
	{Key: "tok_a", Label: "sk_…9f3a\n  evil: true", Token: "tok_a", P99: 20, Max: 500, Recommended: 30, WouldRefuse: 470, Requests: 3490},
	{Key: "GET /v1/orders/{id}", Label: "GET /v1/orders/{id}", Route: "GET /v1/orders/{id}", P99: 7, Max: 7, Recommended: 11, Requests: 7},
}

func TestLimitsAsGatewaysReadThem(t *testing.T) {
	for _, window := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
		for _, limits := range [][]Limit{someLimits, nil} {
			for _, format := range []string{"kong", "envoy"} {
				text, err := ForGateway(format, limits, window)
				require.NoError(t, err)
				var read map[string]any
				require.NoError(t, yaml.Unmarshal([]byte(text), &read), text)
				assert.NotContains(t, read, "evil")
			}
		}
	}
	text, err := ForGateway("kong", someLimits, time.Hour)
	require.NoError(t, err)
	var kong struct {
		Plugins []struct {
			Consumer, Route string
			Config          map[string]any
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &kong))
	assert.Equal(t, "tok_a", kong.Plugins[0].Consumer)
	assert.Equal(t, 30, kong.Plugins[0].Config["hour"])
	assert.Equal(t, "get__v1_orders__id", kong.Plugins[1].Route)
	text, err = ForGateway("envoy", someLimits, time.Hour)
	require.NoError(t, err)
	assert.Contains(t, text, `entries: [{key: api_token, value: "tok_a"}]`)
	assert.Contains(t, text, "{max_tokens: 30, tokens_per_fill: 30, fill_interval: 3600s}")
	text, err = ForGateway("nginx", someLimits, time.Hour)
	require.NoError(t, err)
	assert.Contains(t, text, "limit_req_zone $holter_tok_a zone=holter_tok_a:1m rate=1r/m;")
	assert.Contains(t, text, "# limit_req zone=holter_tok_a burst=29 nodelay;")
	_, err = ForGateway("iptables", nil, time.Hour)
	require.ErrorContains(t, err, `"iptables": use one of kong, envoy, nginx`)
}

// nginxProgram is the system's own, else the one that integration/setup.sh unpacked. `make test` runs that first; who tests by hand may be without.
func nginxProgram(t *testing.T) string {
	t.Helper()
	unpacked, err := filepath.Abs("../../build/tools/usr/sbin/nginx")
	require.NoError(t, err)
	for _, name := range []string{"nginx", "/usr/sbin/nginx", unpacked} {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("nginx is missing: run integration/setup.sh first")
	}
	t.Skip("SKIPPED: nginx is not installed: run integration/setup.sh first")
	return ""
}

// The real nginx takes the configuration, where there is one.
func TestNginxTakesTheLimits(t *testing.T) {
	program := nginxProgram(t)
	text, err := ForGateway("nginx", someLimits, time.Minute)
	require.NoError(t, err)
	folder := t.TempDir()
	_, uses, _ := strings.Cut(text, "In server {} or location {}:\n")
	uses = strings.ReplaceAll(uses, "# limit_req", "limit_req")
	whole := "pid " + folder + "/pid;\nerror_log stderr;\nevents {}\nhttp { access_log off; client_body_temp_path " + folder + "; proxy_temp_path " + folder + "; fastcgi_temp_path " + folder +
		"; uwsgi_temp_path " + folder + "; scgi_temp_path " + folder + ";\nmap $http_x_key $api_token { default $http_x_key; }\n" + text + "server { listen 127.0.0.1:1; location / {\n" + uses + "return 204; } } }\n"
	file := filepath.Join(folder, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(whole), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	output, err := exec.CommandContext(ctx, program, "-t", "-q", "-p", folder, "-c", file).CombinedOutput()
	require.NoError(t, err, "%s\n%s", output, whole)
}

func FuzzForGateway(f *testing.F) {
	f.Add("tok_a", "GET /v1/orders/{id}", int64(30))
	f.Fuzz(func(t *testing.T, token, route string, n int64) {
		limits := []Limit{{Key: token, Label: token, Token: token, Recommended: n}, {Key: route, Label: route, Route: route, Recommended: n}}
		for _, format := range GatewayFormats {
			text, err := ForGateway(format, limits, time.Minute)
			require.NoError(t, err)
			if format == "nginx" {
				continue
			}
			if clean, _ := json.Marshal(token + route); strings.Contains(string(clean), `\u`) || strings.Contains(string(clean), "\\\\") {
				continue // what no id or route holds
			}
			var read any
			_ = yaml.Unmarshal([]byte(text), &read)
		}
	})
}
