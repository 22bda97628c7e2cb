package tokenidentityprocessor

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// records is how many random records the property tests look at; HOLTER_RECORDS asks for more.
func records() int {
	if n, err := strconv.Atoi(os.Getenv("HOLTER_RECORDS")); err == nil {
		return n
	}
	return 4000
}

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	capital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
	hexSet  = digits + "abcdef"
	mixed   = lower + capital + digits
)

// published are formats as their providers write them down, apart from the table that they are recognised by.
var published = []struct {
	prefix, set string
	length      int
	suffix      string
}{
	{"ghp_", mixed, 36, ""},
	{"gho_", mixed, 36, ""},
	{"ghu_", mixed, 36, ""},
	{"ghs_", mixed, 36, ""},
	{"ghr_", mixed, 36, ""},
	{"github_pat_", mixed + "_", 82, ""},
	{"glpat-", mixed, 20, ""},
	{"gldt-", mixed, 20, ""},
	{"glrt-", mixed, 20, ""},
	{"glptt-", hexSet, 40, ""},
	{"xoxb-263594206564-2343594206574-", mixed, 24, ""},
	{"sk_live_", mixed, 24, ""},
	{"rk_live_", mixed, 99, ""},
	{"sk_test_", mixed, 99, ""},
	{"sk-proj-", mixed + "_-", 74, "T3BlbkFJ"},
	{"sk-ant-api03-", mixed + "_-", 93, "AA"},
	{"AIza", mixed, 35, ""},
	{"ya29.", mixed + "_-", 80, ""},
	{"AKIA", capital + "234567", 16, ""},
	{"npm_", mixed, 36, ""},
	{"pypi-AgEIcHlwaS5vcmc", mixed, 60, ""},
	{"hf_", lower + capital, 34, ""},
	{"SG.", mixed, 66, ""},
	{"dop_v1_", hexSet, 64, ""},
	{"shpat_", hexSet, 32, ""},
	{"SK", hexSet, 32, ""},
	{"hvs.", mixed, 90, ""},
	{"lin_api_", mixed, 40, ""},
	{"glsa_", mixed, 32, "_0a1b2c3d"},
	{"dapi", hexSet, 32, ""},
	{"sntryu_", hexSet, 64, ""},
	{"pul-", hexSet, 40, ""},
	{"gsk_", mixed, 52, ""},
	{"xai-", mixed, 80, ""},
	{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.", mixed + "_-", 43, ""},
	{"v4.public.", mixed, 90, ""},
	{"7301948265:AA", mixed, 33, ""},
}

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
	switch r.IntN(10) {
	case 0:
		return secret
	case 1:
		return ordinary(r) + " " + secret + " " + ordinary(r)
	case 2:
		return "https://a.example.test/x?q=" + percent(secret) + "&y=1"
	case 3:
		return `{"a":{"b":"` + secret + `"}}`
	case 4:
		return `{"body":"{\"a\":\"` + strings.ReplaceAll(secret, "/", `\/`) + `\"}"}`
	case 5:
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+secret))
	case 6:
		return "(" + secret + "),"
	case 7:
		return "GET /v1/" + secret + "/x HTTP/1.1"
	case 8:
		return "'" + secret + "'"
	}
	return "a=" + secret + "&b=c"
}

// plant puts a text somewhere into a record, as the value of something or as its name.
func plant(r *rand.Rand, text string, attrs pcommon.Map, others ...func(string)) {
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

// forms are what may never be found of a secret.
func forms(secret string) []string {
	encoded := hex.EncodeToString([]byte(secret))
	all := []string{secret, encoded, strings.ToUpper(encoded)}
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
		plant(r, ordinary(r), span.Attributes(), span.SetName, span.Status().SetMessage, span.Events().AppendEmpty().SetName)
	}
	span.Attributes().PutInt("http.response.status_code", 200)
}

// TestPlantedSecretsDoNotSurvive plants recognised secrets anywhere, and opaque ones where they are found and then anywhere.
func TestPlantedSecretsDoNotSurvive(t *testing.T) {
	e := startedEngine(t, testConfig())
	const batch = 20
	for n := range records() / batch {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		td, ld := ptrace.NewTraces(), plog.NewLogs()
		rs, rl := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty()
		ss, sl := rs.ScopeSpans().AppendEmpty(), rl.ScopeLogs().AppendEmpty()
		var secrets []string
		for range batch {
			span, log := ss.Spans().AppendEmpty(), sl.LogRecords().AppendEmpty()
			randomSpan(r, span)
			log.Body().SetStr(ordinary(r))
			f := published[r.IntN(len(published))]
			known := f.prefix + draw(r, f.set, f.length) + f.suffix
			opaque := "corp" + draw(r, mixed, 28+r.IntN(8))
			secrets = append(secrets, known, opaque)
			event, link := span.Events().AppendEmpty(), span.Links().AppendEmpty()
			for range 2 {
				plant(r, wrapped(r, known), span.Attributes(), span.SetName, span.Status().SetMessage, event.SetName, span.TraceState().FromRaw,
					func(s string) { rs.Resource().Attributes().PutStr("host.note", s) }, ss.Scope().SetName, ss.Scope().SetVersion,
					func(s string) { event.Attributes().PutStr("exception.stacktrace", s) }, func(s string) { link.Attributes().PutStr("x", s) })
				plant(r, wrapped(r, known), log.Attributes(), log.Body().SetStr, log.SetSeverityText, log.SetEventName,
					func(s string) { log.Body().SetEmptyMap().PutEmptySlice("a").AppendEmpty().SetStr(s) },
					func(s string) { rl.Resource().Attributes().PutStr("host.note", s) })
			}
			span.Attributes().PutEmptySlice("http.request.header.x-api-key").AppendEmpty().SetStr(opaque)
			log.Attributes().PutStr("authorization", "Bearer "+opaque)
			for _, attrs := range []pcommon.Map{ss.Spans().At(0).Attributes(), span.Attributes()} {
				plant(r, wrapped(r, opaque), attrs, span.SetName)
				attrs.PutStr("corp.base64", base64.StdEncoding.EncodeToString([]byte(draw(r, lower, r.IntN(4))+opaque+"!")))
				attrs.PutStr("corp.hex", "x "+hex.EncodeToString([]byte(opaque)))
			}
			plant(r, wrapped(r, opaque), sl.LogRecords().At(0).Attributes(), log.Body().SetStr)
		}
		_, err := e.processTraces(t.Context(), td)
		require.NoError(t, err)
		_, err = e.processLogs(t.Context(), ld)
		require.NoError(t, err)
		spans, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		logs, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(t, err)
		for signal, out := range map[string]string{"traces": string(spans), "logs": string(logs)} {
			for _, secret := range secrets {
				for _, form := range forms(secret) {
					if at := strings.Index(out, form); at >= 0 {
						t.Fatalf("batch %d, %s: %s is left of %s: %q", n, signal, form, secret, out[max(0, at-60):min(len(out), at+len(form)+20)])
					}
				}
			}
		}
	}
}

// TestRecordsWithoutASecretAreNotTouched compares bytes.
func TestRecordsWithoutASecretAreNotTouched(t *testing.T) {
	e := startedEngine(t, testConfig())
	const batch = 20
	for n := range records() / batch {
		r := rand.New(rand.NewPCG(uint64(n), 2))
		td, ld := ptrace.NewTraces(), plog.NewLogs()
		rs, rl := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.instance.id", ordinary(r))
		ss, sl := rs.ScopeSpans().AppendEmpty(), rl.ScopeLogs().AppendEmpty()
		for range batch {
			randomSpan(r, ss.Spans().AppendEmpty())
			log := sl.LogRecords().AppendEmpty()
			log.Body().SetStr(ordinary(r))
			plant(r, ordinary(r), log.Attributes(), log.SetSeverityText)
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
