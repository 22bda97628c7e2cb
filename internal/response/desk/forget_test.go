package desk

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// Of tokens that are erased no incident is left, nor the count of their owner; others have theirs, over a restart.
func TestTheDeskForgets(t *testing.T) {
	o := newOffice(t, func(c *Config) {
		c.Policy = append(c.Policy, response.Rule{Name: "lock", Action: response.Lock, Targets: []string{"kong"}})
	})
	gone, stays, many := anomalyOf("gone", "1", "new_country"), anomalyOf("stays", "2", "new_country"), anomalyOf("", "3", "population_shift")
	gone.Matched, stays.Matched, stays.Event.Token.Owner = []int{0, 1}, []int{0, 1}, &response.Owner{ID: "other"}
	many.Event.Token = response.Token{}
	many.Event.Attributes = map[string]any{"anomaly.tokens": []any{"tok_gone", "tok_stays"}}
	o.takes(gone, stays, many)
	holds := func(word string) (keys []string) {
		for key, value := range o.shelf.values {
			if bytes.Contains(value, []byte(word)) {
				keys = append(keys, key)
			}
		}
		return keys
	}
	require.NotEmpty(t, holds("tok_gone"))
	require.NotEmpty(t, holds("acme"))
	forget := func() {
		require.NoError(t, o.Forget(t.Context(), o.now, []string{"tok_gone"}, []string{"acme"}))
		require.NoError(t, o.out.Forget(t.Context(), o.now, func(stored []byte) bool { return bytes.Contains(stored, []byte("tok_gone")) }))
	}
	forget()
	forget()
	for range 2 {
		assert.Empty(t, holds("tok_gone"))
		assert.Empty(t, holds("acme"))
		assert.NotEmpty(t, holds("tok_stays"))
		all, _ := o.Size()
		assert.Equal(t, 2, all)
		o.open()
	}
	for key, value := range o.shelf.values {
		if len(value) > 1 && value[1] == '{' && bytes.Contains(value, []byte(erasedText)) {
			assert.True(t, json.Valid(bytes.TrimSpace(bytes.SplitN(value[1:], []byte("\n"), 2)[0])), key)
		}
	}
	o.takes(anomalyOf("gone", "4", "new_country"))
	all, _ := o.Size()
	assert.Equal(t, 3, all, "what happens from now on is an incident as any")
}
