package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReportWritesThePageWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	log, page := filepath.Join(dir, "access.log"), filepath.Join(dir, "page.html")
	line := `81.2.69.160 - jack [22/Nov/2026:04:57:41 +0000] "GET /v1/a HTTP/1.1" 200 21 "-" "curl/8"` + "\n"
	require.NoError(t, os.WriteFile(log, []byte(strings.Repeat(line, 30)), 0o600))
	out, err := holter(t, "report", log, "-o", page)
	require.NoError(t, err)
	assert.Contains(t, out, "30 requests, 30 with one of 1 tokens")
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(html), "jack")

	require.NoError(t, os.WriteFile(log, []byte("nonsense\n"), 0o600))
	_, err = holter(t, "report", log, "-o", page)
	require.ErrorContains(t, err, "access.log: none of its 1 lines could be read")
	after, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, html, after, "the page before stays")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 2, "nothing half written is left")
}

func TestReportErrorsSayWhatToDoNext(t *testing.T) {
	for want, args := range map[string][]string{
		"name the files":  {},
		"above 0":         {"x.log", "--budget", "0"},
		"--max-tokens":    {"x.log", "--max-tokens", "0"},
		"write the page:": {"x.log", "-o", "/nowhere/page.html"},
		"no such file":    {"/nowhere/x.log", "-o", filepath.Join(t.TempDir(), "page.html")},
	} {
		_, err := holter(t, append([]string{"report"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}
