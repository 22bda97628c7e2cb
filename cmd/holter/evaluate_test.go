package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/cmd/holter/internal/evaluate"
)

func TestEvaluateReadsWhatSimWrites(t *testing.T) {
	dir := t.TempDir()
	requests, labels := filepath.Join(dir, "requests.csv"), filepath.Join(dir, "labels.json")
	_, err := holter(t, "sim", "--dry-run", "--tokens", "30", "--days", "12", "--end", "2026-04-27", "--volume", "0.3", "--csv", requests)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(labels, []byte(`{"key_0001": {"family": "sham", "start": 1776400000}}`), 0o600))

	out, err := holter(t, "evaluate", "--csv", requests, "--labels", labels, "--from", "2026-04-18", "--budgets", "1,20")
	require.NoError(t, err)
	assert.Contains(t, out, "false alerts, ")
	assert.Contains(t, out, "from 2026-04-18 on")

	out, err = holter(t, "evaluate", "--csv", requests, "--json")
	require.NoError(t, err)
	var report evaluate.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	assert.Equal(t, 5.0, report.Results[0].Budget)
	assert.Positive(t, report.TokenDays)
}

func TestEvaluateErrorsSayWhatToDoNext(t *testing.T) {
	for want, args := range map[string][]string{
		"above 0":            {"--budgets", "0", "--tokens", "10", "--days", "9", "--attack", "burst"},
		"--labels belongs":   {"--labels", "x.json"},
		"such as 2026-04-27": {"--from", "soon"},
		"choose from stolen": {"--attack", "x"},
		"nowhere.csv":        {"--csv", "nowhere.csv"},
	} {
		_, err := holter(t, append([]string{"evaluate"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}
