package console

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// A stream tells of the tokens that the list of the same filter holds, and of no others.
func TestAStreamAndAListMeanTheSameTokens(t *testing.T) {
	w := newTown(t)
	require.NoError(t, w.store.Write(t.Context(), store.Batch{Sightings: []store.Sighting{
		{Token: store.Token{ID: "tok_cloud", Tags: map[string]string{"aws:env": " prod:eu", "plan": "acme"}, Environment: "staging", Direction: "outbound", LastUse: store.Use{At: noon}}},
	}}))
	all, err := w.store.Tokens(t.Context(), store.TokenQuery{})
	require.NoError(t, err)
	for _, query := range []string{
		"", "q=ACME+corp", "q=sk_zeta_%E2%80%A60001", "q=plan:ACME", "q=tok_zeta1", "q=nobody", "q=acme&team=zeta-team", "token=tok_acme0", "owner=zeta-owner", "team=acme-team",
		"tag=plan:acme", "tag=" + url.QueryEscape("aws:env: prod:eu"), "tag=aws:env", "environment=staging", "status=active", "direction=outbound", "demo=only", "demo=hide",
	} {
		args, err := url.ParseQuery(query)
		require.NoError(t, err)
		k := &call{Console: w.console, args: args}
		filter, err := k.tokenFilter()
		require.NoError(t, err, query)
		page, err := w.store.Tokens(t.Context(), store.TokenQuery{Filter: filter})
		require.NoError(t, err)
		listed, seen := []string{}, []string{}
		for _, token := range page.Tokens {
			listed = append(listed, token.ID)
		}
		for _, token := range all.Tokens {
			if (watcher{filter: filter}).sees(token) {
				seen = append(seen, token.ID)
			}
		}
		slices.Sort(listed)
		slices.Sort(seen)
		assert.Equal(t, listed, seen, query)
	}
}

func TestAStreamFollowsASearch(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	stream := v.heard("/api/v1/stream?q=ACME+Corp")
	w.watched(1)
	for _, id := range []string{"tok_zeta0", "tok_acme0"} {
		require.NoError(t, w.store.Write(t.Context(), store.Batch{
			Facts:     []store.Fact{{Minute: noon.Unix() / 60, Kind: store.Outcomes, Subject: store.Subject{Token: id}, First: "success", Value: 5}},
			Sightings: []store.Sighting{{Token: store.Token{ID: id, LastUse: store.Use{At: noon}}}},
		}))
		require.NoError(t, w.store.PutEvents(t.Context(), []store.Event{
			{ID: "new-" + id, Kind: store.EventAnomaly, Time: noon, Severity: "WARN", Name: "new_country", Token: id, Body: id + " is elsewhere"},
			{ID: "many-" + id, Kind: store.EventAnomaly, Time: noon, Severity: "WARN", Name: "population_shift", Body: "many changed"},
		}))
	}
	var found finding
	require.NoError(t, json.Unmarshal([]byte(wait(t, stream, "anomaly")), &found))
	assert.Equal(t, "tok_acme0 is elsewhere", found.Sentence, "nothing was told before of others, nor of many at once")
	w.console.hub.tellDemo(demoEvent{State: demoDone}) // the last of it
	for text := range stream {
		assert.NotContains(t, text, "zeta")
		assert.NotContains(t, text, "many")
		if strings.HasPrefix(text, "demo") {
			break
		}
	}
}

// Of a token that was not among those that are watched it is told what it does now, and not its whole life.
func TestABeatIsWhatHappensNow(t *testing.T) {
	w := newTown(t)
	old, at := store.Subject{Token: "tok_old"}, noon.Add(-3*time.Hour)
	others := make([]store.Sighting, mostWatched, mostWatched+1)
	for i := range others {
		others[i].Token = store.Token{ID: fmt.Sprintf("tok_other%d", i), LastUse: store.Use{At: noon.Add(-time.Duration(i) * time.Second / 10)}}
	}
	require.NoError(t, w.store.Write(t.Context(), store.Batch{
		Sightings: append(others, store.Sighting{Token: store.Token{ID: old.Token, LastUse: store.Use{At: at}}}),
		Facts: []store.Fact{
			{Minute: at.Unix() / 60, Kind: store.Outcomes, Subject: old, First: "success", Value: 25},
			{Minute: at.Unix() / 60, Kind: store.Outcomes, Subject: old, First: "server_error", Value: 25},
		},
	}))
	stream := w.visit("").heard("/api/v1/stream?token=tok_old&token=tok_new")
	w.watched(1)
	beats := func(of store.Subject, outcomes ...string) [2]float64 {
		batch := store.Batch{Sightings: []store.Sighting{{Token: store.Token{ID: of.Token, LastUse: store.Use{At: noon}}}}}
		for _, outcome := range outcomes {
			batch.Facts = append(batch.Facts, store.Fact{Minute: noon.Unix() / 60, Kind: store.Outcomes, Subject: of, First: outcome, Value: 1})
		}
		require.NoError(t, w.store.Write(t.Context(), batch))
		var b beat
		require.NoError(t, json.Unmarshal([]byte(wait(t, stream, "beat")), &b))
		require.Len(t, b.Tokens, 1)
		return b.Tokens[of.Token]
	}
	assert.Equal(t, [2]float64{1, 0}, beats(old, "success"))
	assert.Equal(t, [2]float64{2, 1}, beats(old, "success", "server_error"), "as of all that are watched")
	assert.Equal(t, [2]float64{3, 2}, beats(store.Subject{Token: "tok_new"}, "success", "auth_error", "rate_limited"), "nobody knew it: all it did is new")
}
