package outbox

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// The stored form is a promise to the next version: it changes together with the version byte.
func TestStoredForm(t *testing.T) {
	d := delivery("a", "people")
	assert.Equal(t,
		"\x01"+`{"id":"a","target":"people","rule":"r","arrived":1774440000000000000}`+"\n"+`{"id":"a","html":"<&>"}`+"\n tail",
		string(encodeDelivery(d)))
	d.Attempts = 2
	d.Answer = response.Answer{Verdict: response.Refused, Status: 500, Text: "oops", Reason: "500"}
	assert.Equal(t,
		"\x01"+`{"state":0,"attempts":2,"due":1774440000000000000,"verdict":1,"status":500,"text":"oops","reason":"500"}`,
		string(encode(progressOf(d.Progress))))
	d.Doubt, d.Answer = true, response.Answer{Before: true}
	assert.Equal(t, "\x01"+`{"state":0,"attempts":2,"due":1774440000000000000,"doubt":true,"before":true}`, string(encode(progressOf(d.Progress))))
	assert.Equal(t, "delivery/000000000000002a", key(deliveryPrefix, 42))
}

func FuzzDecodeDelivery(f *testing.F) {
	f.Add(encodeDelivery(delivery("a", "people")))
	f.Add([]byte{version})
	f.Add([]byte("\x01{}\n"))
	f.Fuzz(func(t *testing.T, value []byte) {
		d, err := decodeDelivery(value)
		if err != nil {
			return
		}
		again, err := decodeDelivery(encodeDelivery(d))
		require.NoError(t, err)
		assert.Equal(t, d.ID, again.ID)
		assert.Equal(t, d.Target, again.Target)
		assert.Equal(t, d.Body, again.Body)
		assert.True(t, d.Arrived.Equal(again.Arrived))
	})
}

func FuzzDecodeProgress(f *testing.F) {
	f.Add(encode(progressOf(delivery("a", "people").Progress)))
	f.Add([]byte("\x01{}"))
	f.Fuzz(func(t *testing.T, value []byte) {
		p, err := decodeProgress(value)
		if err != nil {
			return
		}
		assert.NotEmpty(t, p.State.String())
		again, err := decodeProgress(encode(progressOf(p)))
		require.NoError(t, err)
		assert.Equal(t, p.State, again.State)
	})
}

func FuzzDecodeLetter(f *testing.F) {
	d := delivery("a", "people")
	f.Add(encodeLetter(d, d.Body, noon))
	f.Fuzz(func(_ *testing.T, value []byte) { _, _ = decodeLetter(value) })
}

func FuzzDecodePage(f *testing.F) {
	f.Add(page{ids: []identity{identify("a", "people")}, times: []int64{1}}.encode())
	f.Fuzz(func(t *testing.T, value []byte) {
		p, err := decodePage(value)
		if err == nil {
			assert.Equal(t, value, p.encode())
		}
	})
}
