package console

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// UnmarshalJSON reads null as NaN, for tests alone.
func (p *points) UnmarshalJSON(text []byte) error {
	var all []*float64
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	*p = make(points, len(all))
	for i, v := range all {
		(*p)[i] = nothing
		if v != nil {
			(*p)[i] = *v
		}
	}
	return nil
}
