package tokenstore

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFinder(t *testing.T) {
	f := NewFinder([]string{"tok_a", ""}, []string{"Carol & Sons", "sk_…1"})
	for text, is := range map[string]bool{
		"tok_a": true, `{"id":"tok_a"}`: true, "tok_ab": false, "xtok_a, tok_a": true, "the-tok_a": false, "": false,
		`"Carol \u0026 Sons"`: true, "of Carol & Sons.": true, "Carol": false, "key sk_…1 of": true, "sk_…12": false,
	} {
		assert.Equal(t, is, f.In([]byte(text)), text)
	}
	assert.False(t, NewFinder().In([]byte("tok_a")))
}
