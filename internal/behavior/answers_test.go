package behavior

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/baseline"
)

// Two hundred bytes are usual for what was created, sixty thousand for what is read: each is held against its own.
func TestAnswersAreHeldAgainstThoseToSuchRequests(t *testing.T) {
	var known token
	for range 60 {
		for _, a := range []answer{{60_000, reading}, {70_000, reading}, {200, creating}, {220, creating}} {
			known.answers.learn(a, &known.size)
			known.size.Learn(float64(a.bytes))
		}
	}
	leans := func(method string, bytes float64) float64 {
		d, log := known.answersTo(verbOf(method)), baseline.LogOf(bytes)
		return d.Log(log-swollen) - d.Log(log)
	}
	require.Negative(t, leans("GET", 60_000))
	require.Greater(t, leans("POST", 60_000), 3.0)
	require.Negative(t, leans("HEAD", 80_000), "reading as well")
	require.Equal(t, known.size.Density(), *known.answersTo(verbOf("Orders/Get")), "of a kind that the token never asked with nothing else is known")

	w := &baseline.Writer{}
	known.answers.put(w)
	var again answers
	again[removing].Learn(1)
	r := &baseline.Reader{Bytes: w.Bytes}
	again.get(r)
	require.NoError(t, r.Err)
	require.Equal(t, known.answers, again)

	var kept []answer
	w = &baseline.Writer{}
	putAnswers(w, []answer{{1, changing}, {math.MaxFloat32, removing}})
	kept = getAnswers(&baseline.Reader{Bytes: w.Bytes}, stateVersion, kept)
	require.Equal(t, []answer{{1, changing}, {math.MaxFloat32, removing}}, kept)
}
