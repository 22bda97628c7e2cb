package insight

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

func (p *planted) spent(token, owner string, at time.Time, kind store.Kind, first, model string, n int64) {
	p.facts = append(p.facts, store.Fact{
		Minute: at.Unix() / 60, Kind: kind, Subject: store.Subject{Token: token, Owner: owner}, First: first, Second: model, Value: n,
	})
}

func plans(t *testing.T) store.Store {
	t.Helper()
	p := plant(t)
	tagged := func(id, owner, plan, quota string) {
		p.token(store.Token{ID: id, OwnerID: owner, OwnerName: owner + " Inc.", Tags: map[string]string{"plan": plan, "quota": quota}})
	}
	tagged("tok_a", "acme", "gold", "100")
	tagged("tok_b", "acme", "gold", "")
	tagged("tok_c", "bolt", "free", "50")
	tagged("tok_d", "coda", "free", "1000")
	p.daily(use{token: "tok_a", owner: "acme", requests: 2}, 30, 0)  // all of June
	p.daily(use{token: "tok_b", owner: "acme", requests: 1}, 35, 0)  // and some of May
	p.daily(use{token: "tok_c", owner: "bolt", requests: 10}, 6, 0)  // 60 of 50
	p.daily(use{token: "tok_d", owner: "coda", requests: 10}, 5, 0)  // 50 of 1,000
	p.daily(use{token: "tok_d", owner: "acme", requests: 10}, 1, 20) // before it was sold
	p.facts = append(p.facts, store.Fact{Minute: now.Unix() / 60, Kind: store.Outcomes, First: "success", Overflow: true, Value: 17})
	p.spent("tok_a", "acme", now, store.Units, "input_tokens", "large", 1000)
	p.spent("tok_a", "acme", now, store.Units, "output_tokens", "large", 300)
	p.spent("tok_a", "acme", now, store.Costs, "USD", "large", 2_500_000_000)
	p.spent("tok_c", "bolt", now, store.Costs, "USD", "small", 1)
	return p.done()
}

func TestPlansAddUp(t *testing.T) {
	found, err := FindPlans(t.Context(), plans(t), Question{From: ago(29), To: now})
	require.NoError(t, err)
	assert.Equal(t, int64(60+30+60+50+10+17), found.Total)
	var sum int64
	rows := map[string]Plan{}
	for _, row := range found.Rows {
		sum += row.Requests
		rows[row.Owner+" "+row.Plan] = row
	}
	assert.Equal(t, found.Total, sum)
	assert.Equal(t, Plan{
		Owner: "acme", OwnerName: "acme Inc.", Plan: "gold", Requests: 90, Units: map[string]int64{"input_tokens": 1000, "output_tokens": 300}, Cost: 2.5, Currency: "USD", Quota: 100,
		UsedShare: .9, Alert: "80",
	}, rows["acme gold"])
	assert.Equal(t, [2]any{"100", 1.2}, [2]any{rows["bolt free"].Alert, rows["bolt free"].UsedShare})
	assert.Equal(t, "none", rows["coda free"].Alert)
	assert.Equal(t, int64(10), rows["acme free"].Requests, "of the owner that the token had then")
	assert.Equal(t, int64(17), rows[" "].Requests)
}

func TestSpendingAddsUp(t *testing.T) {
	s := plans(t)
	for group, first := range map[store.Group]Spend{
		store.ByToken: {Key: "tok_a", Label: "tok_a"}, store.ByOwner: {Key: "acme", Label: "acme Inc."}, store.ByModel: {Key: "large", Label: "large"},
	} {
		found, err := FindSpend(t.Context(), s, SpendQuestion{Question: Question{From: ago(29), To: now}, Group: group})
		require.NoError(t, err)
		first.Cost, first.Currency, first.Units = 2.5, "USD", map[string]int64{"input_tokens": 1000, "output_tokens": 300}
		require.Len(t, found.Rows, 2)
		assert.Equal(t, first, found.Rows[0])
		assert.InDelta(t, 2.500000001, found.Total, 1e-12)
	}
}

func TestCoverageIsAsItWasPlanted(t *testing.T) {
	p := plant(t)
	for service, counts := range map[string][3]int64{"good": {90, 10, 0}, "open": {10, 90, 0}, "masked": {50, 0, 50}} {
		for i, state := range []string{"with", "without", "unreadable"} {
			if counts[i] > 0 {
				p.facts = append(p.facts, store.Fact{Minute: now.Add(-2*time.Hour).Unix() / 60, Kind: store.Coverage, First: service, Second: state, Value: counts[i]})
			}
		}
	}
	found, err := FindCoverage(t.Context(), p.done(), Question{From: now.Add(-3 * time.Hour), To: now})
	require.NoError(t, err)
	require.Len(t, found, 3)
	assert.Equal(t, Coverage{Service: "open", With: 10, Without: 90, Share: .1, Series: []float64{0, .1, 0}, Fix: &captureHeaders}, found[0])
	assert.Equal(t, &keepHeaders, found[1].Fix)
	assert.Nil(t, found[2].Fix)
}
