package pass

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

func TestAnAddressIsForOneThingUntilATime(t *testing.T) {
	key, err := ParseKey(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	require.NoError(t, err)
	address := key.Address("https://holter.example.com/acts/", "approve", "a-1", noon)
	u, err := url.Parse(address)
	require.NoError(t, err)
	assert.Equal(t, "/acts/approve/a-1", u.Path)
	assert.NotContains(t, address, "'")

	q := u.Query()
	assert.NoError(t, key.Check("approve", "a-1", q, noon))
	assert.ErrorIs(t, key.Check("approve", "a-1", q, noon.Add(time.Second)), ErrPast)
	assert.ErrorIs(t, key.Check("undo", "a-1", q, noon), ErrForged)
	assert.ErrorIs(t, key.Check("approve", "a-2", q, noon), ErrForged)
	assert.ErrorIs(t, Key(strings.Repeat("x", 32)).Check("approve", "a-1", q, noon), ErrForged)
	later := url.Values{"until": {"9999999999"}, "sign": q["sign"]}
	assert.ErrorIs(t, key.Check("approve", "a-1", later, noon), ErrForged)
	assert.ErrorIs(t, key.Check("approve", "a-1", nil, noon), ErrForged)
}

func TestKeys(t *testing.T) {
	_, err := ParseKey("hunter2!")
	assert.ErrorContains(t, err, "not base64")
	_, err = ParseKey(base64.StdEncoding.EncodeToString([]byte("short")))
	assert.EqualError(t, err, "it holds 5 bytes, and less than 32 can be guessed: make one with: openssl rand -base64 32")
}

func FuzzCheck(f *testing.F) {
	key := Key(strings.Repeat("k", 32))
	u, _ := url.Parse(key.Address("", "undo", "a", noon))
	f.Add("undo", "a", u.RawQuery)
	f.Fuzz(func(t *testing.T, verb, act, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		if key.Check(verb, act, q, noon) == nil && (verb != "undo" || act != "a" || q.Get("sign") != u.Query().Get("sign")) {
			t.Fatalf("forged: %q %q %q", verb, act, query)
		}
	})
}
