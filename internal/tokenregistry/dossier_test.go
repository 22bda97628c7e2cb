package tokenregistry

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDossiersAreBounded(t *testing.T) {
	var d dossiers
	assert.Zero(t, d.put("a", Dossier{}))
	_, ok := d.get("a")
	assert.False(t, ok, "nobody has asked for them")

	d.half, d.young = 2, make(map[string]Dossier)
	evicted := 0
	for i := range 10 {
		evicted += d.put(fmt.Sprint(i), Dossier{Fingerprint: fmt.Sprint(i)})
		assert.LessOrEqual(t, len(d.young)+len(d.old), 4)
	}
	assert.Equal(t, 6, evicted)
	known, ok := d.get("9")
	assert.True(t, ok)
	assert.Equal(t, "9", known.Fingerprint)
	_, ok = d.get("7")
	assert.True(t, ok, "the older half is still there")
	_, ok = d.get("0")
	assert.False(t, ok)

	d.put("9", Dossier{Fingerprint: "anew"})
	known, _ = d.get("9")
	assert.Equal(t, "anew", known.Fingerprint)
	d.forget([]string{"9", "7"})
	for _, id := range []string{"9", "7"} {
		_, ok = d.get(id)
		assert.False(t, ok, "somebody has erased it")
	}
}
