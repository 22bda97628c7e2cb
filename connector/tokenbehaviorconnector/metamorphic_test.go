package tokenbehaviorconnector

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/otelattr"
)

// weeks are the calls of some tokens over five weeks, in the order of their times, a number of them a day each; in the last week every
// sixth token is used by a thief too.
func weeks(tokens, daily int) (calls []call) {
	random := rand.New(rand.NewPCG(7, uint64(daily)))
	for k := range tokens {
		from := 6 + random.IntN(6)
		for day := range 35 {
			for n := range daily/2 + random.IntN(daily) {
				at := morning.AddDate(0, 0, day).Add(time.Duration(from-8)*time.Hour + time.Duration(random.Int64N(int64(8*time.Hour))))
				c := call{token: fmt.Sprintf("tok_%02d", k), at: at, path: fmt.Sprint("/v1/", []string{"orders", "items", "stock"}[(k+n)%3])}
				if day >= 28 && k%6 == 0 && random.IntN(3) == 0 {
					c.at, c.path, c.change = at.Add(11*time.Hour), "/v1/exports", thief
				}
				calls = append(calls, c)
			}
		}
	}
	slices.SortFunc(calls, func(a, b call) int { return a.at.Compare(b.at) })
	for i := range calls {
		calls[i].n = i
	}
	return calls
}

func thief(s ptrace.Span) {
	s.Attributes().PutStr(otelattr.GeoCountry, "NL")
	s.Attributes().PutStr(otelattr.ClientAddress, "198.51.100.9")
	s.Attributes().PutStr(otelattr.UserAgent, "python-requests/2.32")
}

// byBudget makes the budget one that a few tokens have events under.
func byBudget(c *Config) { c.AlertBudget = AlertBudget{FalseAlerts: 5, PerTokenDays: 1000} }

const callsABatch = 200

// play sends calls in batches and stops the house.
func (h *house) play(calls []call) *house {
	for part := range slices.Chunk(calls, callsABatch) {
		h.send(spans(part...))
	}
	h.stop()
	return h
}

// file is what a pipeline's file of events holds, but for the times of arrival.
func (s *logsSink) file(t *testing.T) (lines []string) {
	for _, record := range s.records() {
		ld := plog.NewLogs()
		to := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.CopyTo(to)
		to.SetObservedTimestamp(0)
		line, err := new(plog.JSONMarshaler).MarshalLogs(ld)
		require.NoError(t, err)
		lines = append(lines, string(line))
	}
	return lines
}

// tokens are those that a pipeline got events about.
func (s *logsSink) tokens() map[string]int {
	tokens := make(map[string]int)
	for _, record := range s.records() {
		id, _ := record.Attributes().Get(otelattr.TokenID)
		tokens[id.Str()]++
	}
	return tokens
}

func TestAReplayGivesTheSameFile(t *testing.T) {
	calls := weeks(24, 10)
	once := newHouse(t, byBudget).start().play(calls).events.file(t)
	require.NotEmpty(t, once)
	assert.Equal(t, once, newHouse(t, byBudget).start().play(calls).events.file(t))
}

func TestARestartInTheMiddleGivesTheSameFile(t *testing.T) {
	calls := weeks(24, 10)
	want := newHouse(t, byBudget).onDisk(folder(t)).start().play(calls).events.file(t)
	require.NotEmpty(t, want)
	dir := folder(t)
	var got []string
	cuts := []int{0, len(calls) / 2 / callsABatch * callsABatch, len(calls) * 9 / 10 / callsABatch * callsABatch, len(calls)}
	for i := range cuts[1:] {
		got = append(got, newHouse(t, byBudget).onDisk(dir).start().play(calls[cuts[i]:cuts[i+1]]).events.file(t)...)
	}
	assert.Equal(t, want, got)
}

func TestWhatIsShuffledWithinTheWindowGivesTheSameFile(t *testing.T) {
	sorted := func(c *Config) {
		byBudget(c)
		c.ReorderWindow = time.Minute
	}
	calls := weeks(24, 10)
	want := newHouse(t, sorted).start().play(calls).events.file(t)
	require.NotEmpty(t, want)
	random := rand.New(rand.NewPCG(8, 8))
	arrival := make(map[int]time.Time, len(calls))
	for _, c := range calls {
		arrival[c.n] = c.at.Add(time.Duration(random.Int64N(int64(59 * time.Second))))
	}
	shuffled := slices.SortedFunc(slices.Values(calls), func(a, b call) int { return arrival[a.n].Compare(arrival[b.n]) })
	require.NotEqual(t, numbers(calls), numbers(shuffled))
	assert.Equal(t, want, newHouse(t, sorted).start().play(shuffled).events.file(t))
}

func numbers(calls []call) (all []int) {
	for _, c := range calls {
		all = append(all, c.n)
	}
	return all
}

func TestASpanFrom2099ChangesNothingElse(t *testing.T) {
	calls := weeks(24, 10)
	for name, window := range map[string]time.Duration{"as it comes": 0, "in order": time.Minute} {
		t.Run(name, func(t *testing.T) {
			change := func(c *Config) {
				byBudget(c)
				c.ReorderWindow = window
			}
			want := newHouse(t, change).start().play(calls).events.file(t)
			wild := calls[len(calls)/2]
			wild.n, wild.at = len(calls), time.Date(2099, 1, 1, 3, 0, 0, 0, time.UTC)
			h := newHouse(t, change).start()
			h.play(slices.Insert(slices.Clone(calls), len(calls)/2, wild))
			assert.Equal(t, want, h.events.file(t))
			assert.Equal(t, int64(len(calls)+1), h.prometheus.last(otelattr.MetricRequests), "it counts")
			assert.EqualValues(t, 1, h.runtime().worker.learner.told.Skewed)
		})
	}
}

// One in ten is kept, from the beginning or from some day on, and says so.
func TestHeadSampling(t *testing.T) {
	calls := weeks(24, 150)
	full := newHouse(t, byBudget).start().play(calls)
	require.NotEmpty(t, full.events.tokens())
	stolen := make(map[string]bool)
	for _, c := range calls {
		stolen[c.token] = stolen[c.token] || c.path == "/v1/exports"
	}
	for name, from := range map[string]int{"always": 0, "from the twentieth day on": 20} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(9, 9))
			var kept []call
			for _, c := range calls {
				if c.at.Before(morning.AddDate(0, 0, from)) {
					kept = append(kept, c)
					continue
				}
				if random.IntN(10) > 0 {
					continue
				}
				change := c.change
				c.change = func(s ptrace.Span) {
					s.TraceState().FromRaw("ot=th:e6666666666666")
					if change != nil {
						change(s)
					}
				}
				kept = append(kept, c)
			}
			h := newHouse(t, byBudget).start().play(kept)
			assert.InEpsilon(t, len(calls), h.prometheus.last(otelattr.MetricRequests), 0.02)
			for token, n := range h.events.tokens() {
				if !stolen[token] { // a thief may be told of on another day
					assert.LessOrEqual(t, n, full.events.tokens()[token], "no alert that there would not be otherwise: %s", token)
				}
			}
		})
	}
}

// What a tail sampler kept counts once, and a token whose requests it picked is not judged by their number.
func TestTailSampledSpansAreNoCounts(t *testing.T) {
	calls := weeks(6, 10)
	flood := func(tail bool) *house {
		h := newHouse(t, byBudget).start()
		for part := range slices.Chunk(calls[:len(calls)*3/4], callsABatch) {
			h.send(spans(part...))
		}
		last := calls[len(calls)*3/4]
		var burst []call
		for n := range 500 {
			burst = append(burst, call{n: len(calls) + n, token: "tok_03", path: "/v1/orders", at: last.at.Add(time.Duration(n) * time.Second)})
		}
		td := spans(burst...)
		if tail {
			for _, resource := range td.ResourceSpans().All() {
				resource.ScopeSpans().At(0).Scope().Attributes().PutStr("tailsampling.policy", "errors")
			}
		}
		h.send(td)
		h.send(spans(call{n: len(calls) + 500, token: "tok_04", at: last.at.AddDate(0, 0, 2)}))
		h.stop()
		assert.Equal(t, int64(len(calls)*3/4+501), h.prometheus.last(otelattr.MetricRequests))
		return h
	}
	assert.Positive(t, flood(false).events.tokens()["tok_03"])
	assert.Zero(t, flood(true).events.tokens()["tok_03"])
}
