package tokenidentityprocessor

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/build"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/plant"
)

// records is how many random records the property tests look at: all under HOLTER_PROVE, else a twentieth.
func records() int {
	if os.Getenv("HOLTER_PROVE") != "" {
		return 100_000
	}
	return 5_000
}

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	capital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
	hexSet  = digits + "abcdef"
	mixed   = lower + capital + digits
)

// rules are the formats of the secrets that are planted.
var rules = plant.Rules()

func draw(r *rand.Rand, set string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = set[r.IntN(len(set))]
	}
	return string(b)
}

// ordinary is a text of the kind that telemetry is full of.
func ordinary(r *rand.Rand) string {
	uuid := func() string {
		h := draw(r, hexSet, 32)
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	}
	switch r.IntN(14) {
	case 0:
		return uuid()
	case 1:
		return draw(r, hexSet, []int{16, 32, 40, 64}[r.IntN(4)])
	case 2:
		return "/v1/orders/" + uuid() + "/lines?page=" + draw(r, digits, 2) + "&sort=-created_at"
	case 3:
		return "https://orders.example.test/v1/files/" + draw(r, mixed, 22) + "?expand=a,b"
	case 4:
		return "00-" + draw(r, hexSet, 32) + "-" + draw(r, hexSet, 16) + "-01"
	case 5:
		return "SELECT id FROM orders WHERE id = '" + uuid() + "' AND sha = '" + draw(r, hexSet, 40) + "'"
	case 6:
		return "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	case 7:
		return "registry.example.test/team/app@sha256:" + draw(r, hexSet, 64)
	case 8:
		return "Error: order " + uuid() + " not found\n    at Layer.handle (/srv/app/node_modules/router/lib/layer.js:169:33)"
	case 9:
		return "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(draw(r, "\x00\x01\x89\xfe\xff\x1a\x0d\xc3", 60)))
	case 10:
		return "orders-api-" + draw(r, hexSet, 10) + "-" + draw(r, lower+digits, 5)
	case 11:
		return `{"order":"` + uuid() + `","total":12.5,"tags":["a","b"],"etag":"W/\"` + draw(r, hexSet, 20) + `\""}`
	case 12:
		return "100%25 of 2%C3%A4 rows in " + draw(r, digits, 3) + "ms"
	}
	return "the quick brown fox took key decisions; no token was harmed, basic needs and bearer shares are safe"
}

// wrapped is a secret as it may stand in a text.
func wrapped(r *rand.Rand, secret string) string {
	percent := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
		return b.String()
	}
	quoted := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	switch r.IntN(14) {
	case 0:
		return secret
	case 1:
		return ordinary(r) + " " + secret + " " + ordinary(r)
	case 2:
		return "https://a.example.test/x?q=" + percent(secret) + "&y=1"
	case 3:
		return `{"a":{"b":` + quoted(secret) + `}}`
	case 4:
		return `{"body":` + quoted(`{"a":`+quoted(secret)+`}`) + `}`
	case 5:
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+secret))
	case 6:
		return "(" + secret + "),"
	case 7:
		return "GET /v1/" + secret + "/x HTTP/1.1"
	case 8:
		return "'" + secret + "'"
	case 9:
		return "https://user:" + url.QueryEscape(secret) + "@a.example.test/x"
	case 10:
		return "clone https://" + url.PathEscape(secret) + "@a.example.test/x failed"
	case 11:
		return "https://a.example.test/cb?state=1#x=" + url.QueryEscape(secret) + "&y=1"
	case 12:
		return "AUTH: Basic " + base64.StdEncoding.EncodeToString([]byte(secret+":"))
	}
	return "a=" + secret + "&b=c"
}

// named puts a secret that nothing gives away but its name under such a name.
func named(r *rand.Rand, rule, secret string, attrs pcommon.Map, text func(string)) {
	vendor, _, _ := strings.Cut(rule, "-")
	key := strings.ReplaceAll(vendor, "new", "newrelic") + []string{"_api_key", "_token", "_secret", ".access-key", "-auth-token", "ApiKey"}[r.IntN(6)]
	switch r.IntN(8) {
	case 0:
		attrs.PutStr(key, secret)
	case 1:
		attrs.PutEmptySlice("http.request.header.x-" + key).AppendEmpty().SetStr(secret)
	case 2:
		attrs.PutStr("url.full", "https://a.example.test/x?a=b&"+key+"="+url.QueryEscape(secret))
	case 3:
		attrs.PutEmptyMap("corp.config").PutEmptyMap("x").PutStr(key, secret)
	case 4:
		attrs.PutStr("http.request.header.cookie", "theme=dark; "+key+"="+url.QueryEscape(secret))
	case 5:
		text(`{"a":1,"` + key + `":"` + secret + `"}`)
	case 6:
		text("started with " + key + "=" + secret + " on 10.0.0.1")
	case 7:
		attrs.PutStr("process.command_line", "serve --"+strings.ReplaceAll(key, "_", "-")+" "+secret+" --port 80")
	}
}

// put puts a text somewhere into a record, as the value of something or as its name.
func put(r *rand.Rand, text string, attrs pcommon.Map, others ...func(string)) {
	name := "corp.field." + draw(r, "bcdfg", 4)
	switch n := r.IntN(8 + len(others)); n {
	case 0, 1:
		attrs.PutStr(name, text)
	case 2:
		attrs.PutEmptySlice(name).AppendEmpty().SetStr(text)
	case 3:
		attrs.PutEmptyMap(name).PutEmptyMap("deep").PutEmptySlice("list").AppendEmpty().SetEmptyMap().PutStr("x", text)
	case 4:
		attrs.PutEmptyBytes(name).FromRaw([]byte(text))
	case 5:
		attrs.PutInt(text, 1)
	case 6:
		attrs.PutEmptyMap(name).PutStr(text, "x")
	case 7:
		attrs.PutStr("exception.message", text)
	default:
		others[n-8](text)
	}
}

// forms are what may never be found of a secret: of a long one, its end neither.
func forms(secret string) []string {
	encoded := hex.EncodeToString([]byte(secret))
	all := []string{secret, encoded, strings.ToUpper(encoded)}
	if len(secret) >= 40 {
		all = append(all, secret[len(secret)-16:])
	}
	for shift := range 3 { // what base64 makes of it, at each alignment, without the letters that its neighbours have a part in
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("-", shift) + secret))
		all = append(all, text[[]int{0, 2, 3}[shift]:len(text)-1])
	}
	return all
}

func randomSpan(r *rand.Rand, span ptrace.Span) {
	span.SetName("GET /v1/orders/:id")
	span.SetKind(ptrace.SpanKind(r.IntN(6)))
	for range 4 {
		put(r, ordinary(r), span.Attributes(), span.SetName, span.Status().SetMessage, span.Events().AppendEmpty().SetName)
	}
	span.Attributes().PutInt("http.response.status_code", 200)
}

// planted are the secrets of a batch, and the rules that they are of.
type planted map[string]string

// next makes a secret of a rule that nothing else in the batch helps to find.
func (p planted) next(r *rand.Rand, rule plant.Rule) string {
	secret := rule.Secret(r)
	p[secret] = rule.ID
	return secret
}

// TestPlantedSecretsDoNotSurvive plants secrets of every rule: those that give themselves away anywhere, the others beside their
// names, and home-grown ones where they are found and then anywhere.
func TestPlantedSecretsDoNotSurvive(t *testing.T) {
	e := startedEngine(t, testConfig())
	var anywhere []plant.Rule
	for _, rule := range rules {
		if !rule.Named {
			anywhere = append(anywhere, rule)
		}
	}
	const batch = 20
	left := make(map[string]string) // what is left of each rule, once
	for n := range records() / batch {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		td, ld := ptrace.NewTraces(), plog.NewLogs()
		rs, rl := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty()
		ss, sl := rs.ScopeSpans().AppendEmpty(), rl.ScopeLogs().AppendEmpty()
		secrets := make(planted)
		for i := range batch {
			span, log := ss.Spans().AppendEmpty(), sl.LogRecords().AppendEmpty()
			randomSpan(r, span)
			log.Body().SetStr(ordinary(r))
			event, link := span.Events().AppendEmpty(), span.Links().AppendEmpty()
			rule := rules[(n*batch+i)%len(rules)]
			if rule.Named {
				named(r, rule.ID, secrets.next(r, rule), span.Attributes(), span.Status().SetMessage)
				named(r, rule.ID, secrets.next(r, rule), log.Attributes(), log.Body().SetStr)
				rule = anywhere[r.IntN(len(anywhere))]
			}
			for range 2 {
				put(r, wrapped(r, secrets.next(r, rule)), span.Attributes(), span.SetName, span.Status().SetMessage, event.SetName, span.TraceState().FromRaw,
					func(s string) { rs.Resource().Attributes().PutStr("host.note", s) }, ss.Scope().SetName, ss.Scope().SetVersion,
					func(s string) { event.Attributes().PutStr("exception.stacktrace", s) }, func(s string) { link.Attributes().PutStr("x", s) })
				put(r, wrapped(r, secrets.next(r, rule)), log.Attributes(), log.Body().SetStr, log.SetSeverityText, log.SetEventName,
					func(s string) { log.Body().SetEmptyMap().PutEmptySlice("a").AppendEmpty().SetStr(s) },
					func(s string) { rl.Resource().Attributes().PutStr("host.note", s) })
			}
			opaque := "corp" + draw(r, mixed, 28+r.IntN(8))
			secrets[opaque] = "home-grown"
			span.Attributes().PutEmptySlice("http.request.header.x-api-key").AppendEmpty().SetStr(opaque)
			log.Attributes().PutStr("authorization", "Bearer "+opaque)
			for _, attrs := range []pcommon.Map{ss.Spans().At(0).Attributes(), span.Attributes()} {
				put(r, wrapped(r, opaque), attrs, span.SetName)
				attrs.PutStr("corp.base64", base64.StdEncoding.EncodeToString([]byte(draw(r, lower, r.IntN(4))+opaque+"!")))
				attrs.PutStr("corp.hex", "x "+hex.EncodeToString([]byte(opaque)))
			}
			put(r, wrapped(r, opaque), sl.LogRecords().At(0).Attributes(), log.Body().SetStr)
		}
		_, err := e.processTraces(t.Context(), td)
		require.NoError(t, err)
		_, err = e.processLogs(t.Context(), ld)
		require.NoError(t, err)
		spans, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		logs, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(t, err)
		out := string(spans) + string(logs)
		for secret, rule := range secrets {
			for _, form := range forms(secret) {
				if at := strings.Index(out, form); at >= 0 && left[rule] == "" {
					left[rule] = fmt.Sprintf("batch %d: %q is left of %q: %q", n, form, secret, out[max(0, at-60):min(len(out), at+len(form)+20)])
				}
			}
		}
	}
	for rule, what := range left {
		t.Errorf("%s: %s", rule, what)
	}
}

// sourceLines are lines of real source code: of the Go distribution that runs the test.
func sourceLines(t *testing.T) []string {
	t.Helper()
	// These lines of its documentation show a credential.
	shown := []string{"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "username:p@ssword"}
	var lines []string
	for _, folder := range []string{"bufio", "crypto", "database", "encoding", "net", "os", "runtime", "time"} {
		err := filepath.WalkDir(filepath.Join(build.Default.GOROOT, "src", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(path)
			for line := range strings.Lines(string(text)) {
				if !slices.ContainsFunc(shown, func(s string) bool { return strings.Contains(line, s) }) {
					lines = append(lines, line)
				}
			}
			return err
		})
		require.NoError(t, err)
	}
	return lines
}

// TestRecordsWithoutASecretAreNotTouched compares bytes: of records of what telemetry is full of, and of lines of real sources.
func TestRecordsWithoutASecretAreNotTouched(t *testing.T) {
	e := startedEngine(t, testConfig())
	lines := sourceLines(t)
	if len(lines) == 0 {
		t.Log("the Go distribution has no sources here: only made-up texts are looked at")
		lines = []string{"for _, line := range lines {"}
	}
	const batch = 20
	for n := range records() / batch {
		r := rand.New(rand.NewPCG(uint64(n), 2))
		td, ld := ptrace.NewTraces(), plog.NewLogs()
		rs, rl := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.instance.id", ordinary(r))
		ss, sl := rs.ScopeSpans().AppendEmpty(), rl.ScopeLogs().AppendEmpty()
		for range batch {
			span, log := ss.Spans().AppendEmpty(), sl.LogRecords().AppendEmpty()
			randomSpan(r, span)
			from := r.IntN(len(lines))
			span.Events().AppendEmpty().Attributes().PutStr("exception.stacktrace", strings.Join(lines[from:min(len(lines), from+1+r.IntN(12))], ""))
			log.Body().SetStr([]string{ordinary(r), lines[r.IntN(len(lines))]}[r.IntN(2)])
			put(r, ordinary(r), log.Attributes(), log.SetSeverityText)
			put(r, lines[r.IntN(len(lines))], log.Attributes())
		}
		spans, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		logs, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(t, err)
		_, err = e.processTraces(t.Context(), td)
		require.NoError(t, err)
		_, err = e.processLogs(t.Context(), ld)
		require.NoError(t, err)
		spansAfter, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		logsAfter, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(t, err)
		if string(spans) != string(spansAfter) || string(logs) != string(logsAfter) {
			t.Fatalf("batch %d was changed: %q", n, firstDifference(string(spans)+string(logs), string(spansAfter)+string(logsAfter)))
		}
	}
}

// firstDifference shows where two encodings part, behind the lengths that stand before it.
func firstDifference(before, after string) string {
	words := strings.FieldsFunc(after, func(c rune) bool { return c < ' ' })
	for _, w := range strings.FieldsFunc(before, func(c rune) bool { return c < ' ' }) {
		if len(w) > 4 && !strings.Contains(after, w) {
			return w
		}
	}
	return strings.Join(words[:min(len(words), 3)], " ")
}
