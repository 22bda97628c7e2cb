package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A real Prometheus, by its own protocol with native histograms, holds exactly the requests and seconds that were sent.
func TestPrometheusCountsExactly(t *testing.T) {
	backend := newBackend(t)
	c := newCollector(t, "testdata/holter.yaml")
	c.Env["BACKEND"] = backend.Port
	var tokens []Token
	for n := range 3 {
		tokens = append(tokens, Token{ID: keyID(n), Owner: keyID(n), SHA256: digest(keyNumber(n))})
	}
	c.writeOwners(t, []Owner{{ID: keyID(0)}, {ID: keyID(1)}, {ID: keyID(2)}}, tokens...)
	c.Start()
	prometheus := startPrometheus(t, c.Env["PROMETHEUS"])
	client := newClient(t, c.GRPC())

	counts, seconds, served := map[string]float64{}, map[string]float64{}, map[string]float64{}
	statuses := map[int]string{200: "success", 404: "client_error", 403: "auth_error", 429: "rate_limited", 503: "server_error"}
	var calls []Call
	for n := range 6000 {
		call := normal(keyNumber(n % 3))
		call.At = start.Add(time.Duration(n) * time.Second)
		call.Sequence = n
		call.Status = []int{200, 200, 200, 404, 200, 403, 429, 200, 503, 200}[n*7/3%10]
		// A multiple of 2⁻⁹ s: sums of these are exact in floating point, whatever their order.
		call.Took = time.Duration(1+n%300) * time.Second / 512
		calls = append(calls, call)
		owner := keyID(n % 3)
		counts[owner+"/"+statuses[call.Status]]++
		seconds[owner] += call.Took.Seconds()
		served[owner]++
	}
	// In several parts, so that scrapes fall between them: a cumulative counter must not count anything twice.
	for part := range 4 {
		send(t, client, calls[part*1500:(part+1)*1500]...)
		waitFor(t, "a scrape", func() bool {
			return total(prometheus.Query(t, "api_token_requests_total", "api_token_owner_id", "api_token_outcome")) >= float64((part+1)*1500)
		})
	}

	require.Equal(t, counts, prometheus.Query(t, "api_token_requests_total", "api_token_owner_id", "api_token_outcome"))
	require.Equal(t, served, prometheus.Query(t, "sum by (api_token_owner_id) (histogram_count(api_token_request_duration_seconds))", "api_token_owner_id"))
	require.Equal(t, seconds, prometheus.Query(t, "sum by (api_token_owner_id) (histogram_sum(api_token_request_duration_seconds))", "api_token_owner_id"))

	// And it stays so: later scrapes of a quiet service add nothing.
	scrapes := prometheus.Query(t, "count_over_time(up[1h])", "job")["holter"]
	waitFor(t, "three more scrapes", func() bool { return prometheus.Query(t, "count_over_time(up[1h])", "job")["holter"] >= scrapes+3 })
	require.Equal(t, counts, prometheus.Query(t, "api_token_requests_total", "api_token_owner_id", "api_token_outcome"))
}

func keyID(n int) string { return fmt.Sprintf("key_%d", n) }

func total(values map[string]float64) float64 {
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	return sum
}
