package embedded

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// A store of a million tokens, a hundredth of that without HOLTER_PROVE: each was used in two hours, by its owner of ten. It counts exactly, opens
// again, finds, and lets go of an owner.
func TestAMillionTokens(t *testing.T) {
	t.Parallel()
	tokens := 10_000
	if os.Getenv("HOLTER_PROVE") != "" {
		tokens = 1_000_000
	}
	folder := t.TempDir()
	s, err := Open(Options{Folder: folder})
	require.NoError(t, err)
	id := func(n int) string { return fmt.Sprintf("tok_%026d", n) }
	owner := func(n int) string { return fmt.Sprintf("owner-%06d", n/10) }
	took := func(what string, do func()) {
		began := time.Now()
		do()
		t.Logf("%-40s %v", what, time.Since(began).Round(time.Millisecond))
	}
	const atOnce = 5_000
	took("written", func() {
		for hour := range 2 {
			at := start.Add(time.Duration(hour) * time.Hour)
			for from := 0; from < tokens; from += atOnce {
				b := store.Batch{Engine: "e", Sequence: uint64(hour*tokens + from + 1)}
				for n := from; n < from+atOnce; n++ {
					subject := store.Subject{Token: id(n), Owner: owner(n), Team: "team"}
					minute := at.Unix()/60 + int64(n%60)
					b.Facts = append(b.Facts,
						store.Fact{Minute: minute, Kind: store.Outcomes, Subject: subject, First: "success", Value: 2},
						store.Fact{Minute: minute, Kind: store.Routes, Subject: subject, First: fmt.Sprintf("GET /v1/r%d", n%50), Value: 2},
					)
					b.Sightings = append(b.Sightings, store.Sighting{Token: store.Token{
						ID: id(n), OwnerID: owner(n), OwnerName: "Firm " + owner(n), Hint: fmt.Sprintf("sk_…%06d", n), LastUse: store.Use{At: time.Unix(minute*60, 0), Country: "DE"},
					}})
				}
				require.NoError(t, s.Write(t.Context(), b))
			}
			require.NoError(t, s.Maintain(t.Context(), at.Add(3*time.Hour)))
		}
	})
	took("closed", func() { require.NoError(t, s.Close()) })
	took("opened", func() { s, err = Open(Options{Folder: folder}) })
	require.NoError(t, err)
	require.InDelta(t, 4*tokens, countAll(t, s, time.Minute), 0)
	status, err := s.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, tokens, status.Tokens)
	t.Logf("%-40s %d MB", "on disk", status.Bytes>>20)
	took("a page of tokens by their last use", func() {
		page, err := s.Tokens(t.Context(), store.TokenQuery{Sort: "-last_used", Limit: 100})
		require.NoError(t, err)
		require.Equal(t, tokens, page.Total)
	})
	took("a token is found by its hint", func() {
		page, err := s.Tokens(t.Context(), store.TokenQuery{Filter: store.TokenFilter{Text: "…000042"}})
		require.NoError(t, err)
		require.Equal(t, 1, page.Total)
	})
	took("an owner of ten is erased", func() {
		erased, err := s.Erase(t.Context(), store.Erasure{Owner: owner(5_000), By: "ann", At: start.AddDate(0, 0, 1)})
		require.NoError(t, err)
		require.Len(t, erased.Tokens, 10)
	})
	took("and told", func() { require.NoError(t, s.Told(t.Context(), 1)) })
	require.InDelta(t, 4*(tokens-10), countAll(t, s, time.Minute), 0)
	require.NoError(t, s.Close())
	took("opened, with tombs", func() { s, err = Open(Options{Folder: folder}) })
	require.NoError(t, err)
	require.InDelta(t, 4*(tokens-10), countAll(t, s, time.Hour), 0)
	require.NoError(t, s.Close())
}
