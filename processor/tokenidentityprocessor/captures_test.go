package tokenidentityprocessor

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/otelattr"
)

// A capture is what real instrumentation or a real gateway has sent: <source>-traces.jsonl or <source>-logs.jsonl, one OTLP request a
// line, with false secrets that secrets.txt lists. Excerpts are in testdata/captures; HOLTER_CAPTURES names a folder of whole ones.

// carriers are the places of a request that its credential may stand in: names of attributes and fields, and pieces of text. They are
// written down here once more, apart from the sources that the processor knows.
var (
	carriers = regexp.MustCompile(`(?i)^(http\.request\.header\.|rpc\.(grpc\.)?request\.metadata\.|(request\.)?headers\.|http_|cookie_)?` +
		`(authorization|x[-_]api[-_]key|x[-_]auth[-_]token|cookie|access_token|apikey|token|proxy[-_]authorization)$`)
	urls = regexp.MustCompile(`^(url\.(full|query|path)|http\.(url|target)|request_uri|uri|args|target|request|request\.uri|request\.url|request_line|path)$`)
	// callers are the fields of gateways that name the caller without a secret.
	callers = regexp.MustCompile(`(^|\.)(authenticated_entity\.id|consumer\.(id|username)|consumer_name|downstream_peer_uri_san)$`)
	// accessKey is the id of the access key in an AWS signature, which is no secret.
	accessKey = regexp.MustCompile(`Credential=(A[A-Z2-7]{19})`)
	// line finds the request line and what an access log or a sentence says of the headers. A referer stands between quotes as a URL.
	line = regexp.MustCompile(`"(?:GET|POST|PUT|PATCH|DELETE|HEAD) [^" ]*|(?:auth|key|cookie|authorization)[=:] ?"?[^"]*|\{[^{}]*\|[^{}]*\}|"http_(?:authorization|x_api_key|cookie)": ?"[^"]*"|` +
		`"(?:request_uri|args|target|path|uri)": ?"[^"]*"|rejected token .*|"(?:authorization|x-api-key|apikey|cookie)": ?"[^"]*"`)
)

// carried says whether a record carries one of the secrets where credentials of requests stand.
type carried struct {
	secrets []string
	found   bool
}

func (c *carried) look(text string) {
	c.found = c.found || accessKey.MatchString(text)
	if scheme, encoded, ok := strings.Cut(text, " "); ok && scheme == "Basic" {
		if plain, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			text += string(plain)
		}
	}
	for _, secret := range c.secrets {
		c.found = c.found || strings.Contains(text, secret)
	}
}

func (c *carried) walk(path string, value pcommon.Value) {
	switch value.Type() {
	case pcommon.ValueTypeMap:
		for name, inner := range value.Map().All() {
			if lower := strings.ToLower(name); strings.HasPrefix(lower, "resp") || strings.HasPrefix(lower, "http.response") || strings.HasPrefix(lower, "sent_http") {
				continue
			}
			inside := name
			if path != "" {
				inside = path + "." + name
			}
			c.walk(inside, inner)
		}
	case pcommon.ValueTypeSlice:
		for _, inner := range value.Slice().All() {
			c.walk(path, inner)
		}
	case pcommon.ValueTypeStr:
		own := strings.TrimPrefix(path, "body.")
		switch {
		case callers.MatchString(own):
			c.found = c.found || len(value.Str()) > 1
		case carriers.MatchString(own), urls.MatchString(own):
			c.look(value.Str())
		case path == "":
			for _, piece := range line.FindAllString(value.Str(), -1) {
				c.look(piece)
			}
		}
	}
}

func carriesToken(secrets []string, attributes pcommon.Map, body pcommon.Value) bool {
	c := carried{secrets: secrets}
	all := pcommon.NewValueMap()
	attributes.CopyTo(all.Map())
	c.walk("", all)
	c.walk("", body)
	return c.found
}

// count is what was seen of a capture.
type count struct{ records, with, none int }

func TestEveryRecordOfEveryCapture(t *testing.T) {
	folder := os.Getenv("HOLTER_CAPTURES")
	if folder == "" {
		folder = filepath.Join("testdata", "captures")
	}
	secrets := capturedSecrets(t, filepath.Join(folder, "secrets.txt"))
	files, err := filepath.Glob(filepath.Join(folder, "*-*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	e := startedEngine(t, testConfig())
	var table []string
	for _, file := range files {
		source, signal, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".jsonl"), "-")
		if at := strings.LastIndexByte(signal, '-'); at >= 0 {
			source, signal = source+"-"+signal[:at], signal[at+1:]
		}
		if signal == "metrics" {
			continue
		}
		t.Run(source+"/"+signal, func(t *testing.T) {
			n := checkCapture(t, e, file, signal, secrets)
			table = append(table, fmt.Sprintf("| %s | %s | %d | %d | %d |", source, signal, n.records, n.with, n.none))
		})
	}
	sort.Strings(table)
	t.Log("\n" + strings.Join(table, "\n"))
}

// capturedSecrets are the secrets in the forms that they stand in.
func capturedSecrets(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var all []string
	for row := range strings.Lines(string(text)) {
		if _, secret, ok := strings.Cut(strings.TrimSpace(row), "\t"); ok && !strings.HasPrefix(row, "#") {
			all = append(all, secret)
			if encoded := url.QueryEscape(secret); encoded != secret {
				all = append(all, encoded)
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

func checkCapture(t *testing.T, e *engine, file, signal string, secrets []string) (n count) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var want []bool
		var got []pcommon.Map
		var out []byte
		var what []string
		if signal == "traces" {
			td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(lines.Bytes())
			require.NoError(t, err)
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, span := range ss.Spans().All() {
						want, got = append(want, carriesToken(secrets, span.Attributes(), pcommon.NewValueEmpty())), append(got, span.Attributes())
						what = append(what, fmt.Sprint(span.Name(), span.Attributes().AsRaw()))
					}
				}
			}
			_, err = e.processTraces(t.Context(), td)
			require.NoError(t, err)
			out, err = (&ptrace.JSONMarshaler{}).MarshalTraces(td)
			require.NoError(t, err)
		} else {
			ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(lines.Bytes())
			require.NoError(t, err)
			for _, rl := range ld.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, log := range sl.LogRecords().All() {
						want, got = append(want, carriesToken(secrets, log.Attributes(), log.Body())), append(got, log.Attributes())
						what = append(what, fmt.Sprint(log.Body().AsRaw(), log.Attributes().AsRaw()))
					}
				}
			}
			_, err = e.processLogs(t.Context(), ld)
			require.NoError(t, err)
			out, err = (&plog.JSONMarshaler{}).MarshalLogs(ld)
			require.NoError(t, err)
		}
		for i, attributes := range got {
			n.records++
			_, found := attributes.Get(otelattr.TokenID)
			if found {
				n.with++
			} else {
				n.none++
			}
			assert.Equal(t, want[i], found, what[i])
		}
		for _, secret := range secrets {
			assert.NotContains(t, string(out), secret)
		}
	}
	require.NoError(t, lines.Err())
	require.Positive(t, n.records)
	return n
}
