package tokenresponseexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/store"
)

func TestReleaseOf(t *testing.T) {
	at := time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)
	series := func(key string, points ...float64) store.Series { return store.Series{Key: key, Points: points} }
	for _, c := range []struct {
		name   string
		series []store.Series
		want   *incident.Release
	}{
		{"it followed another", []store.Series{series("shop@1", 5, 5, 0, 0), series("shop@2", 0, 0, 3, 3)}, &incident.Release{Service: "shop", Version: "2", Age: 2 * time.Minute}},
		{"this request is its first", []store.Series{series("shop@1", 5, 5, 5, 5)}, &incident.Release{Service: "shop", Version: "2"}},
		{"it was always there", []store.Series{series("shop@1", 0, 5, 0, 0), series("shop@2", 3, 3, 3, 3)}, nil},
		{"there was no other", []store.Series{series("shop@2", 0, 0, 0, 3)}, nil},
		{"nothing is known", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := &store.Answer{From: at.Add(-4 * time.Minute), To: at, Step: time.Minute, Series: c.series}
			assert.Equal(t, c.want, releaseOf(answer, "shop", "2", at))
		})
	}
}
