package journal

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

func sample(n int) *Entry {
	random := rand.New(rand.NewPCG(1, 1))
	e := &Entry{Arrival: 1_774_000_000_000_000_000}
	for i := range n {
		var r otelattr.Record
		user := random.IntN(50)
		r.Observation = behavior.Observation{
			Token: fmt.Sprintf("tok_%026d", user), Time: e.Arrival + int64(i)*1e6 - random.Int64N(1e9), Hint: fmt.Sprint("sk_live_…", user),
			Type: "api_key", OwnerID: fmt.Sprint("o", user/3), OwnerName: "Acme", OwnerTeam: "payments", Service: "shop", Version: "1.2.3",
			Environment: "production", Method: "GET", Route: fmt.Sprint("/v1/orders/", random.IntN(6)), Outcome: behavior.Outcome(random.IntN(5)), HourUnknown: random.IntN(9) == 0, Astray: random.IntN(9) == 0,
			HTTPStatus: 200, Country: "DE", Network: "AS3320", Client: "curl/8.5.0", RequestBytes: -1, ResponseBytes: random.Int64N(1e5),
			Duration: random.Int64N(1e9),
		}
		for b := range r.Trace {
			r.Trace[b] = byte(random.Uint32())
		}
		r.Span[0] = byte(i)
		if i%7 == 0 {
			r.Violations, r.Status, r.Weight = []string{"network", "scope"}, "expired", 3.25
			r.Tenant = fmt.Sprint("t", user%4)
		}
		r.Served, r.Remote, r.Unreadable, r.Provisional, r.Outbound = i%2 == 0, i%3 == 0, i%5 == 0, i%11 == 0, i%13 == 0
		e.Records = append(e.Records, r)
	}
	return e
}

func TestEntriesSurvive(t *testing.T) {
	var encoder Encoder
	said := sample(3)
	said.Feedback = []behavior.Feedback{
		{Token: "tok_a", Time: 5, Verdict: behavior.Malicious, Facet: "country", Value: "NL", TTL: time.Hour, By: "ann"}, {Token: "tok_b", Outbound: true},
	}
	said.Uses = []otelattr.Consumption{{Trace: [16]byte{1}, Span: [8]byte{2}, Time: 7, Model: "gpt", Amounts: []otelattr.Amount{{Unit: "pages", N: 3}}}}
	acted := sample(2)
	acted.Responses = []behavior.Response{
		{Token: "tok_a", Time: 9, Hint: "sk_…1", Act: behavior.Act{ID: "a", Action: "lock", Target: "kong", State: behavior.ActDone, Delay: time.Minute, For: time.Hour}},
		{Token: "tok_b", Outbound: true, Incident: behavior.IncidentOver},
	}
	all := *said
	all.Responses = acted.Responses
	weighted := all
	weighted.Uses = append(slices.Clone(all.Uses), otelattr.Consumption{Trace: [16]byte{1}, Span: [8]byte{3}, Time: 8, Weight: 1.5})
	for _, e := range []*Entry{sample(0), sample(1), sample(1000), {Arrival: 5, Drain: true}, said, acted, &all, &weighted} {
		b := encoder.Append(nil, e)
		decoded, err := Decode(b)
		require.NoError(t, err)
		assert.Equal(t, e, decoded)
		for cut := range min(len(b), 300) {
			_, err := Decode(b[:cut])
			assert.Error(t, err)
		}
	}
	_, err := Decode([]byte{7})
	assert.ErrorContains(t, err, "version 7")
}

func FuzzDecode(f *testing.F) {
	var encoder Encoder
	f.Add(encoder.Append(nil, sample(5)))
	f.Add(encoder.Append(nil, &Entry{Feedback: []behavior.Feedback{{Token: "tok_a", Facet: "hour", TTL: 5}}}))
	f.Add(encoder.Append(nil, &Entry{Responses: []behavior.Response{{Token: "tok_a", Act: behavior.Act{ID: "a", State: behavior.ActOver}}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Decode(new(Encoder).Append(nil, e))
		require.NoError(t, err)
		require.Len(t, again.Records, len(e.Records))
	})
}

func BenchmarkEncode(b *testing.B) {
	var encoder Encoder
	var buffer []byte
	e := sample(500)
	b.ReportAllocs()
	for b.Loop() {
		buffer = encoder.Append(buffer[:0], e)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
	b.ReportMetric(float64(len(buffer))/500, "B/record")
}

func BenchmarkDecode(b *testing.B) {
	encoded := new(Encoder).Append(nil, sample(500))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(encoded); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
}
