package report

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	stolenKey = "acme_live_4f9d2c7be1a8460395d07a3e"
	sleepyKey = "acme_live_77aa0b1c2d3e4f5061728394"
	sharedKey = "acme_live_c0ffee00112233445566778899"
)

// start is a Monday.
var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func logLine(at time.Time, address, target, agent, key string) string {
	return fmt.Sprintf("%s - - [%s] \"GET %s HTTP/1.1\" 200 512 \"-\" %q key=%q\n", address, at.Format("02/Jan/2006:15:04:05 -0700"), target, agent, key)
}

// story is a log of six weeks: an office whose key is stolen in the end, a key that falls asleep, and one that everybody uses.
func story() string {
	var s strings.Builder
	for d := range 42 {
		for n := range 20 {
			at := start.AddDate(0, 0, d).Add(8*time.Hour + time.Duration(n)*30*time.Minute)
			s.WriteString(logLine(at, "91.65.12.34", "/v1/orders/"+fmt.Sprint(n), "acme-sync/4.2", stolenKey))
			if d < 12 {
				s.WriteString(logLine(at, "91.65.12.35", "/v1/orders?page="+fmt.Sprint(n), "acme-old/1", sleepyKey))
			}
			s.WriteString(logLine(at, fmt.Sprintf("81.2.%d.9", 60+n), "/v1/me?api_key="+sharedKey, fmt.Sprintf("client%d/1", n%5), "-"))
		}
	}
	for n := range 40 {
		at := start.AddDate(0, 0, 42).Add(3*time.Hour + time.Duration(n)*2*time.Second)
		s.WriteString(logLine(at, "200.147.3.157", "/v1/customers/export", "curl/8.5.0", stolenKey))
	}
	return s.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func run(t *testing.T, owners string, paths ...string) (string, *Summary, error) {
	t.Helper()
	var page bytes.Buffer
	s, err := Run(t.Context(), Config{Paths: paths, Service: "gateway", Owners: owners, Budget: 10, MaxTokens: 1000}, &page)
	return page.String(), s, err
}

// requireWhole checks that every element is closed and nothing is loaded from elsewhere.
func requireWhole(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(page, "<!DOCTYPE html>")))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
	}
	require.True(t, strings.HasSuffix(strings.TrimSpace(page), "</html>"))
	require.NotRegexp(t, `(?i)(src|href)="[^#]|url\(|@import|<script`, page)
}

func sectionOf(t *testing.T, page, id string) string {
	t.Helper()
	match := regexp.MustCompile(`(?s)<section id="` + id + `">.*?</section>`).FindString(page)
	require.NotEmpty(t, match, id)
	return match
}

func TestReport(t *testing.T) {
	owners := write(t, "owners.yaml", `
owners: [{id: acme, name: Acme GmbH, team: payments}]
tokens: [{id: key_1, owner: acme, prefix: acme_live_4f9, last_four: 7a3e}]
`)
	page, s, err := run(t, owners, write(t, "access.log", story()))
	require.NoError(t, err)
	requireWhole(t, page)
	for _, key := range []string{stolenKey, sleepyKey, sharedKey} {
		require.NotContains(t, page, key)
		require.NotContains(t, page, key[len("acme_live_"):len(key)-4])
	}
	assert.Equal(t, 42*40+12*20+40, s.Named)
	assert.Equal(t, 3, s.Tokens)
	assert.Zero(t, s.Skipped.Lines)
	assert.Positive(t, s.Alerts)

	riskiest := sectionOf(t, page, "riskiest")
	assert.Contains(t, riskiest, "acme_live_…7a3e")
	assert.Contains(t, riskiest, "Acme GmbH (payments)")
	assert.Contains(t, riskiest, "in BR")
	assert.Contains(t, riskiest, "DE, BR: 91.65.12.0/24")
	assert.Contains(t, sectionOf(t, page, "shared"), "acme_live_…8899")
	dormant := sectionOf(t, page, "dormant")
	assert.Contains(t, dormant, "acme_live_…8394")
	assert.NotContains(t, dormant, "acme_live_…7a3e")
	unowned := sectionOf(t, page, "unowned")
	assert.Contains(t, unowned, "acme_live_…8394")
	assert.NotContains(t, unowned, "acme_live_…7a3e")
	assert.Contains(t, sectionOf(t, page, "fired"), "2026-04-13 03:")
	assert.Contains(t, page, `<svg class="heart"`)
}

func TestFilesAreReadByTheirTime(t *testing.T) {
	lines := strings.SplitAfter(story(), "\n")
	half := len(lines) / 2
	old := filepath.Join(t.TempDir(), "access.log.1.gz")
	file, err := os.Create(old)
	require.NoError(t, err)
	packed := gzip.NewWriter(file)
	_, err = packed.Write([]byte(strings.Join(lines[:half], "")))
	require.NoError(t, err)
	require.NoError(t, errors.Join(packed.Close(), file.Close()))
	_, whole, err := run(t, "", write(t, "access.log", story()))
	require.NoError(t, err)
	page, parts, err := run(t, "", write(t, "access.log", strings.Join(lines[half:], "")), old)
	require.NoError(t, err)
	assert.Equal(t, []int{whole.Requests, whole.Alerts}, []int{parts.Requests, parts.Alerts})
	assert.NotContains(t, page, `id="unowned"`)
	assert.Contains(t, page, "No registry was given")
}

// What real gateways wrote, with the secrets that were in it.
func TestReportOfCapturesHoldsNoSecret(t *testing.T) {
	const captures = "../../../../processor/tokenidentityprocessor/testdata/captures"
	secrets, err := os.ReadFile(captures + "/secrets.txt")
	require.NoError(t, err)
	paths, err := filepath.Glob(captures + "/*.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	page, s, err := run(t, "", paths...)
	require.NoError(t, err)
	requireWhole(t, page)
	assert.Positive(t, s.Named)
	for line := range strings.Lines(string(secrets)) {
		if name, secret, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && len(secret) > 12 {
			require.NotContains(t, page, secret, name)
		}
	}
}

// A gateway, the service behind it, the RPC server inside and an access log tell of one request.
func TestARequestInSeveralServicesCountsOnce(t *testing.T) {
	const token = `{"key":"http.request.header.x-api-key","value":{"stringValue":"acme_live_4f9d2c7be1a8460395d07a3e"}},` +
		`{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"http.response.status_code","value":{"intValue":"200"}}`
	resource := func(service string) string {
		return `{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"` + service + `"}}]},`
	}
	var spans, logs strings.Builder
	for n := range 5 {
		at := func(ms int) string { return fmt.Sprint(int64(1790000000+n)*1e9 + int64(ms)*1e6) }
		trace := fmt.Sprintf(`"traceId":"%032x"`, n+1)
		for i, s := range []struct{ service, span, parent string }{
			{"orders", "3", "2"}, {"gateway", "1", ""}, {"shop", "2", "1"},
		} {
			depth := []int{30, 0, 10}[i]
			fmt.Fprintf(&spans, `{"resourceSpans":[%s"scopeSpans":[{"spans":[{%s,"spanId":"%016s","parentSpanId":"%s","kind":2,"flags":768,`+
				`"startTimeUnixNano":"%s","endTimeUnixNano":"%s","attributes":[%s]}]}]}]}`+"\n", resource(s.service), trace, s.span,
				map[bool]string{true: "", false: fmt.Sprintf("%016s", s.parent)}[s.parent == ""], at(depth), at(100-depth), token)
		}
		fmt.Fprintf(&logs, `{"resourceLogs":[%s"scopeLogs":[{"logRecords":[{%s,"spanId":"%016d","timeUnixNano":"%s","attributes":[%s]}]}]}]}`+"\n",
			resource("gateway"), trace, 1, at(101), token)
	}
	_, s, err := run(t, "", write(t, "spans.jsonl", spans.String()), write(t, "logs.jsonl", logs.String()))
	require.NoError(t, err)
	assert.Equal(t, 5, s.Requests)
	assert.Equal(t, 5, s.Named)
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	page, s, err := run(t, "", write(t, "access.log", logLine(start, "81.2.69.160", "/", "curl/8", "-")+"nonsense <b>\n\n"+logLine(start, "81.2.69.160", "/", "curl/8", "-")))
	require.NoError(t, err)
	requireWhole(t, page)
	assert.Equal(t, []int{2, 0, 1, 3}, []int{s.Requests, s.Named, s.Skipped.Lines, s.Lines})
	assert.Contains(t, s.Skipped.First[0], "access.log: line 2: it is no request")
	assert.Contains(t, page, "No request shows a credential")
	assert.Contains(t, page, "1 lines could not be read")

	_, _, err = run(t, "", write(t, "core", strings.Repeat("\x00\x01\x02\n", 2000)))
	require.ErrorContains(t, err, "core: none of its first 1000 lines could be read: line 1: it is no request")
	_, _, err = run(t, "", write(t, "empty.log", ""))
	require.ErrorContains(t, err, "there are no requests")
	_, _, err = run(t, "", "/nowhere/access.log")
	require.ErrorContains(t, err, "/nowhere/access.log")
	_, _, err = run(t, "/nowhere/owners.yaml", write(t, "access.log", logLine(start, "81.2.69.160", "/", "curl/8", "-")))
	require.ErrorContains(t, err, "/nowhere/owners.yaml")
	_, _, err = run(t, "", write(t, "a.gz", "not packed"))
	require.ErrorContains(t, err, "a.gz")
}
