package integration

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Where http.route is missing, paths full of random ids become few routes, and none of them is news.
func TestRandomPathsBecomeFewRoutes(t *testing.T) {
	requests := 50_000
	if prove {
		requests = 1_000_000
	}
	backend := newBackend(t)
	c := newCollector(t, "testdata/holter.yaml", "testdata/quiet.yaml")
	c.Env["BACKEND"] = backend.Port
	c.Start()
	client := newClient(t, c.GRPC())
	random := rand.New(rand.NewPCG(1, 2))

	for sent := 0; sent < requests; sent += batchSize {
		calls := make([]Call, batchSize)
		for i := range calls {
			call := normal(keyNumber(0))
			call.At = start.Add(time.Duration(sent+i) * 40 * 24 * time.Hour / time.Duration(requests))
			call.Route, call.Path = "", randomPath(random)
			calls[i] = call
		}
		send(t, client, calls...)
	}
	waitFor(t, "every request to be counted", func() bool {
		return sum(samples(t, c.Usage()), "api_token_requests_total") >= float64(requests)
	})

	learned := map[string]bool{}
	for _, sample := range samples(t, c.Usage()) {
		if sample.Name == "api_token_route_requests_total" && sample.Labels["http_route"] != "" {
			learned[sample.Labels["http_route"]] = true
		}
	}
	t.Logf("%d requests: %d routes", requests, len(learned))
	require.NotEmpty(t, learned)
	require.LessOrEqual(t, len(learned), 50)
	require.InDelta(t, requests, sum(samples(t, c.Usage()), "api_token_route_requests_total"), 0, "what has no route of its own is still counted")
	c.Stop()
	for _, detector := range backend.Anomalies() {
		require.NotEqual(t, "new_endpoint", detector)
	}
}

// randomPath is a path as a REST API has them, with ids of every make.
func randomPath(random *rand.Rand) string {
	number := random.Uint64()
	digest := sha1.Sum(fmt.Append(nil, number))
	ids := []string{
		fmt.Sprint(number % 1_000_000),
		hex.EncodeToString(digest[:]),
		fmt.Sprintf("%x-%x-%x-%x-%x", digest[:4], digest[4:6], digest[6:8], digest[8:10], digest[10:16]),
		"ord_" + letters(random, 20, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
		"01J" + letters(random, 23, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
		letters(random, 12, "abcdefghijklmnopqrstuvwxyz"),
		fmt.Sprintf("user%d@example.test", number%100_000),
		fmt.Sprintf("2026-%02d-%02d", 1+number%12, 1+number%28),
	}
	id := func() string { return ids[random.IntN(len(ids))] }
	switch random.IntN(5) {
	case 0:
		return "/v1/orders/" + id()
	case 1:
		return "/v1/customers/" + id() + "/orders/" + id()
	case 2:
		return "/v1/files/" + id() + "/" + id() + "/" + id() + "/download"
	case 3:
		return "/" + id()
	default:
		return "/v1/search/" + id() + ".json"
	}
}

func letters(random *rand.Rand, n int, alphabet string) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(text)
}
