package evaluate

import (
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/behavior"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func read(t *testing.T, paths ...string) (all []behavior.Observation, err error) {
	t.Helper()
	err = CSV(paths, nil, time.Time{}).Each(t.Context(), func(o *behavior.Observation, _ float64) error {
		all = append(all, *o)
		return nil
	})
	return all, err
}

func TestCSVIsReadAsACollectorWould(t *testing.T) {
	all, err := read(t, write(t, "a.csv", `t,token,service,method,route,path,status,req_bytes,resp_bytes,ip,country,user_agent,kind
1700000000,k1,api,GET,/v1/a,,200,,512,81.2.69.160,,curl/8,self
1700000001.5,k2,api,GET,,/v1/b/7,404,10,,2001:db8::7,,,x
2023-11-14T22:13:22Z,k1,api,GET,/v1/a,,,,,,NL,,
`))
	require.NoError(t, err)
	require.Len(t, all, 3)
	assert.Equal(t, behavior.Observation{
		Token: "k1", Hint: "k1", Time: 1700000000e9, Service: "api", Method: "GET", Route: "/v1/a", HTTPStatus: 200, Country: "GB",
		Network: "81.2.69.0/24", Client: "curl/8", RequestBytes: -1, ResponseBytes: 512, Duration: -1,
	}, all[0])
	assert.Equal(t, "2001:db8::/48", all[1].Network)
	assert.Equal(t, behavior.ClientError, all[1].Outcome)
	assert.Equal(t, "NL", all[2].Country)
	assert.EqualValues(t, 1700000002e9, all[2].Time)
}

func TestFilesAreMergedByTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.csv.gz")
	file, err := os.Create(path)
	require.NoError(t, err)
	packed := gzip.NewWriter(file)
	_, err = packed.Write([]byte("token,t\nb,15\nb,25\n"))
	require.NoError(t, err)
	require.NoError(t, packed.Close())
	require.NoError(t, file.Close())

	all, err := read(t, write(t, "a.csv", "t,token\n10,a\n20,a\n25,a\n"), path)
	require.NoError(t, err)
	var tokens string
	for _, o := range all {
		tokens += o.Token
	}
	assert.Equal(t, "abaab", tokens)
}

func TestBadFilesAreExplained(t *testing.T) {
	for want, text := range map[string]string{
		`no column "token"`:                      "t,who\n1,a\n",
		"names of the columns":                   "",
		`line 3: time "soon": write unix`:        "t,token\n1,a\nsoon,a\n",
		"line 3: it is earlier":                  "t,token\n2,a\n1,a\n",
		`line 2: "many" is no whole number`:      "t,token,status\n1,a,many\n",
		"line 2: ParseAddr":                      "t,token,ip\n1,a,here\n",
		"record on line 3: wrong number of fiel": "t,token\n1,a\n1\n",
	} {
		_, err := read(t, write(t, "a.csv", text))
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "a.csv")
	}
	_, err := read(t, "/nowhere/a.csv")
	require.ErrorContains(t, err, "/nowhere/a.csv")
}

func TestLabels(t *testing.T) {
	want := map[string]Label{"a": {Family: "swap", Magnitude: "0.5", Start: 5, Horizon: 10}}
	labels, from, err := ReadLabels(write(t, "l.json", `{"a": {"family": "swap", "magnitude": 0.5, "start": 5}}`))
	require.NoError(t, err)
	assert.Equal(t, want, labels)
	assert.True(t, from.IsZero())
	labels, from, err = ReadLabels(write(t, "l.json", `{"meta": {"t0": 7}, "instances": {"a": {"family": "swap", "magnitude": "0.5", "start": 5, "horizon_days": 10, "victim": "b"}}}`))
	require.NoError(t, err)
	assert.Equal(t, want, labels)
	assert.Equal(t, int64(7), from.Unix())
	for want, text := range map[string]string{
		"family and start": `{"a": {"family": "swap"}}`,
		"unknown field":    `{"a": {"familly": "swap", "start": 5}}`,
		"a text or a numb": `{"a": {"family": "swap", "magnitude": [], "start": 5}}`,
		"l.json":           `no`,
	} {
		_, _, err := ReadLabels(write(t, "l.json", text))
		require.ErrorContains(t, err, want)
	}
}

func TestAnEvaluationOfTheSimulatorRepeats(t *testing.T) {
	once := func() *Report {
		s, err := Simulated(Population{Seed: 3, Tokens: 40, Days: 15, Volume: 0.3, End: first, Attacks: "stolen-key,scope-probing"})
		require.NoError(t, err)
		done := 0.0
		r, err := Run(t.Context(), s, Config{Budgets: []float64{1, 20}, Calibrate: true, Progress: func(d float64, _ time.Time, _ int) { done = d }})
		require.NoError(t, err)
		assert.Equal(t, 1.0, done)
		return r
	}
	r := once()
	assert.Equal(t, r, once())
	assert.Equal(t, 2, r.Thefts)
	assert.Positive(t, r.TokenDays)
	require.Len(t, r.Results, 2)
	assert.LessOrEqual(t, r.Results[0].Alerts, r.Results[1].Alerts)
	require.NotEmpty(t, r.Calibration)
	for _, b := range r.Calibration {
		assert.NotEmpty(t, b.Facet)
		assert.LessOrEqual(t, b.Days, r.TokenDays)
	}
}

func TestWhatCannotBeEvaluatedIsSaid(t *testing.T) {
	s := CSV([]string{write(t, "a.csv", "t,token\n")}, nil, time.Time{})
	_, err := Run(t.Context(), s, Config{Budgets: []float64{5}})
	require.ErrorContains(t, err, "there are no requests")
	_, err = Run(t.Context(), s, Config{Budgets: []float64{0}})
	require.ErrorContains(t, err, "above 0")
	_, err = Run(t.Context(), s, Config{})
	require.ErrorContains(t, err, "no budget")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = Run(stopped, CSV([]string{write(t, "a.csv", "t,token\n1,a\n")}, nil, time.Time{}), Config{Budgets: []float64{5}})
	require.ErrorIs(t, err, context.Canceled)
}
