package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

func key(n int) Key { return Key{Token: fmt.Sprint("tok_", n), Direction: "inbound"} }

// turned makes one turn.
func turned(b *Book, do func(*Turn)) {
	t := b.Begin()
	do(t)
	t.Commit()
}

func TestATurnIsMadeAsAWholeOrNotAtAll(t *testing.T) {
	b := NewBook(Terms{Max: 10})
	lost := b.Begin()
	i, _ := lost.Open(key(1), "a", noon)
	i.Note(&response.Event{ID: "a", Detector: "new_country"}, response.Error, noon)
	all, _ := b.Size()
	assert.Zero(t, all, "given up")

	turned(b, func(t *Turn) { t.Open(key(1), "a", noon) })
	turn := b.Begin()
	turn.ByKey(key(1)).Acknowledge("ann", noon)
	b.All(func(i *Incident) { assert.Equal(t, Open, i.State, "others see nothing before it is made") })
	turn.Commit()
	b.All(func(i *Incident) { assert.Equal(t, Acknowledged, i.State) })
}

func TestWhatIsMissedLeastMakesRoom(t *testing.T) {
	b := NewBook(Terms{Max: 3})
	for n := range 3 {
		turned(b, func(t *Turn) { t.Open(key(n), "a", noon.Add(time.Duration(n)*time.Minute)) })
	}
	turned(b, func(t *Turn) { t.ByKey(key(2)).Resolve("ann", noon.Add(time.Hour)) })
	turned(b, func(turn *Turn) {
		_, evicted := turn.Open(key(3), "a", noon)
		require.NotNil(t, evicted)
		assert.Equal(t, key(2), evicted.Key, "it is over")
	})
	turned(b, func(turn *Turn) {
		_, evicted := turn.Open(key(4), "a", noon)
		require.NotNil(t, evicted)
		assert.Equal(t, key(0), evicted.Key, "the one that has been quiet for longest")
	})
	assert.Equal(t, 3, b.Slots())

	again := NewBook(Terms{Max: 3})
	b.All(func(i *Incident) { require.NoError(t, again.Load(i.slot, i.Encode())) })
	all, live := again.Size()
	assert.Equal(t, []int{3, 3}, []int{all, live})
	require.NoError(t, again.Load(7, nil))
	assert.Error(t, again.Load(8, []byte{9}))
}

func TestAnIncidentStaysSmall(t *testing.T) {
	i := open(key(1), "a", noon)
	long := strings.Repeat("é", 5000)
	for n := range 100 {
		i.Note(&response.Event{
			ID: fmt.Sprint("a-", n), Detector: fmt.Sprint("d-", n), Sentence: long,
			Trigger:    response.Trigger{Method: "GET", Route: long + fmt.Sprint(n)},
			Evidence:   []response.Evidence{{Facet: fmt.Sprint("f-", n), Observed: long}},
			Attributes: map[string]any{"padding": long},
		}, response.Warn, noon)
	}
	assert.Equal(t, 100, i.Anomalies)
	assert.Len(t, i.Latest, maxLatest)
	assert.Equal(t, "a-99", i.Latest[maxLatest-1])
	assert.Less(t, len(i.Encode()), 64<<10)
	assert.True(t, i.Anomaly().Truncated)
}

func TestAnIncidentRemembersWhoseTokenItIs(t *testing.T) {
	i := open(key(1), "a", noon)
	note := func(token response.Token) response.Token {
		i.Note(&response.Event{ID: "a", Token: token}, response.Warn, noon)
		return i.Anomaly().Token
	}
	whole := response.Token{ID: "tok_1", RegistryID: "key_1", Owner: &response.Owner{ID: "acme"}, Tags: map[string]string{"plan": "gold"}, Hint: "…1"}
	assert.Equal(t, whole, note(whole))
	assert.Equal(t, whole, note(response.Token{ID: "tok_1", Hint: "…1"}))
	assert.Equal(t, response.Token{ID: "tok_1", RegistryID: "key_1", Owner: &response.Owner{ID: "zed"}}, note(response.Token{ID: "tok_1", RegistryID: "key_1", Owner: &response.Owner{ID: "zed"}}),
		"a registry that answers knows what is so")
}

func TestCoolDownsOutliveAnIncident(t *testing.T) {
	b := NewBook(Terms{Max: 10})
	turned(b, func(turn *Turn) {
		i, _ := turn.Open(key(1), "a", noon)
		assert.True(t, i.Fire("lock", time.Hour, noon))
		assert.False(t, i.Fire("lock", time.Hour, noon.Add(59*time.Minute)))
		i.Resolve("ann", noon)
	})
	turned(b, func(turn *Turn) {
		i, _ := turn.Open(key(1), "b", noon.Add(time.Minute))
		assert.False(t, i.Fire("lock", time.Hour, noon.Add(30*time.Minute)))
		assert.True(t, i.Fire("lock", time.Hour, noon.Add(60*time.Minute)))
	})
}

func TestWhy(t *testing.T) {
	nats := func(n float64) *float64 { return &n }
	piece := func(facet, observed string) response.Evidence {
		return response.Evidence{Facet: facet, Observed: observed, Nats: nats(5)}
	}
	fresh := &Release{Service: "shop", Version: "1.5.0", Age: 7 * time.Minute}
	for _, c := range []struct {
		name     string
		detector string
		evidence []response.Evidence
		release  *Release
		cause    string
		why      string
	}{
		{"a rule", "leaked_credential", nil, fresh, Attack, "the registry forbids what was done: leaked API token used."},
		{"from elsewhere", "identity_shift", []response.Evidence{piece("country", "NL"), piece("network", "AS64500")}, fresh, Attack, "it comes from elsewhere: country NL, network AS64500."},
		{"elsewhere and otherwise", "identity_shift", []response.Evidence{piece("country", "NL"), piece("endpoint", "/x")}, nil, Attack, "it comes from elsewhere (country NL) and does something else (endpoint)."},
		{"a release", "error_spike", []response.Evidence{piece("errors", "12 %")}, fresh, Deploy, "shop 1.5.0 is in use for 7 min, and the token is used from where it always was."},
		{"an old release", "error_spike", []response.Evidence{piece("errors", "12 %")}, &Release{Version: "1", Age: 2 * time.Hour}, Unclear, "it is used from where it always was, and only what it does has changed (errors)."},
		{"many tokens", "population_shift", nil, nil, Deploy, "many tokens changed at once, which one stolen token does not do."},
		{"one thing", "new_country", []response.Evidence{piece("country", "NL")}, nil, Unclear, "only country NL is new."},
		{"what speaks for the owner counts not", "new_client", []response.Evidence{{Facet: "country", Observed: "DE", Nats: nats(-2)}}, nil, Unclear, "the evidence points nowhere."},
	} {
		t.Run(c.name, func(t *testing.T) {
			cause, why := Why(&response.Event{Detector: c.detector, Evidence: c.evidence}, c.release)
			assert.Equal(t, c.cause, cause)
			assert.Equal(t, c.why, why)
		})
	}
}

func FuzzLoad(f *testing.F) {
	i := open(key(1), "a", noon)
	i.Want(response.Lock, "kong", "rule", noon)
	f.Add(i.Encode())
	f.Add([]byte{version, '{', '}'})
	f.Fuzz(func(_ *testing.T, value []byte) {
		b := NewBook(Terms{Max: 10})
		if b.Load(3, value) == nil {
			b.All(func(i *Incident) { _ = i.Anomaly() })
			turned(b, func(t *Turn) { t.Open(key(1), "b", noon) })
		}
	})
}
