package otelattr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const secretInTests = "corp_aB3dE6gH9jK2mN5pQ8sT1vW4"

func testCleaner() *Cleaner {
	return NewCleaner(NewSources(Names{
		Headers: []string{"authorization", "x-api-key"}, Metadata: []string{"x-api-key"}, Parameters: []string{"api_key"}, Cookies: []string{"sid"},
	}), Erasing{Placeholder: "REDACTED"})
}

func TestRenamingKeepsTheOrder(t *testing.T) {
	c := testCleaner()
	span := ptrace.NewSpan()
	jwt := "eyJhbGciOiJub25lIn0.e30ab." + strings.Repeat("x", 20)
	span.Attributes().PutStr("first", "1")
	span.Attributes().PutInt("used "+jwt, 2)
	span.Attributes().PutStr("used "+jwt+"y", "3")
	span.Attributes().PutStr("last", "4")
	c.Span(span, new(Sight))
	var names []string
	for name := range span.Attributes().All() {
		names = append(names, name)
	}
	assert.Equal(t, []string{"first", "used REDACTED", "used REDACTED_2", "last"}, names)
	value, _ := span.Attributes().Get("used REDACTED")
	assert.Equal(t, int64(2), value.Int())
}

func TestNamesAreToldApart(t *testing.T) {
	names := uniqueNames{last: make(map[string]int)}
	var got []string
	for _, name := range []string{"a", "a_2", "a", "a", "b", "a_2", "a_3"} {
		got = append(got, names.of(name))
	}
	assert.Equal(t, []string{"a", "a_2", "a_3", "a_4", "b", "a_2_2", "a_3_2"}, got)
}

// A map of n names that are all secrets costs n looks, not n² or n³.
func TestManyNamesAreToldApartWithoutTryingAllNumbers(t *testing.T) {
	const all = 20_000
	names := uniqueNames{last: make(map[string]int)}
	for range all {
		names.of("REDACTED")
	}
	assert.LessOrEqual(t, names.tried, 2*all)

	c := testCleaner()
	log := plog.NewLogRecord()
	body := log.Body().SetEmptyMap()
	body.EnsureCapacity(all)
	token := []byte("glpat-aB3dE6gH9jK2mN5pQ8sT00000")
	for i := range all {
		copy(token[len(token)-5:], fmt.Sprintf("%05d", i))
		put(body, string(token), pcommon.NewValueInt(int64(i)))
	}
	c.Log(log, new(Sight))
	body = log.Body().Map()
	require.Equal(t, all, body.Len())
	seen := make(map[string]bool)
	for name, value := range body.All() {
		if i := len(seen); i > 0 {
			require.Equal(t, fmt.Sprint("REDACTED_", i+1), name)
		}
		require.Equal(t, int64(len(seen)), value.Int(), name)
		seen[name] = true
	}
	require.Len(t, seen, all)
}

func TestBytesAreCleanedHoweverMany(t *testing.T) {
	c := testCleaner()
	log := plog.NewLogRecord()
	filling := strings.Repeat("A ", 1<<20)
	log.Body().SetEmptyBytes().FromRaw([]byte(filling + "glpat-aB3dE6gH9jK2mN5pQ8sT " + filling + secretInTests))
	log.Attributes().PutStr("authorization", "Bearer "+secretInTests)
	var sight Sight
	c.Log(log, &sight)
	c.HuntLog(log)
	assert.Equal(t, filling+"REDACTED "+filling+"REDACTED", string(log.Body().Bytes().AsRaw()))
	assert.Equal(t, 3, c.Erased())
	log.Attributes().PutEmptyBytes(TokenSealed).FromRaw([]byte(filling))
	c.Log(log, &sight)
	assert.NotContains(t, log.Attributes().AsRaw(), TokenSealed)
}

func TestTheArgumentBehindAFlagIsASecret(t *testing.T) {
	c := testCleaner()
	resource := pcommon.NewResource()
	require.NoError(t, resource.Attributes().PutEmptySlice("process.command_args").FromRaw([]any{"serve", "--token", "hunter2x", "--port", "8080"}))
	c.Resource(resource)
	assert.Equal(t, []any{"serve", "--token", "REDACTED", "--port", "8080"}, resource.Attributes().AsRaw()["process.command_args"])
}

func TestACleanerForgets(t *testing.T) {
	c := testCleaner()
	span := ptrace.NewSpan()
	span.Attributes().PutStr("http.request.header.x-api-key", secretInTests)
	var sight Sight
	c.Span(span, &sight)
	assert.Equal(t, secretInTests, sight.Secret)
	assert.True(t, c.Hunting())
	assert.Equal(t, 1, c.Erased())
	c.Reset()
	assert.False(t, c.Hunting())
	assert.Zero(t, c.Erased())
	assert.Empty(t, c.sight.Secret)
	other := ptrace.NewSpan()
	other.SetName("see " + secretInTests)
	c.HuntSpan(other)
	assert.Equal(t, "see "+secretInTests, other.Name())
}

func TestNamesThatCouldBeSecretsAreNotRemembered(t *testing.T) {
	c := testCleaner()
	span := ptrace.NewSpan()
	span.Attributes().PutStr(secretInTests, "1")
	span.Attributes().PutStr("http.route", "/v1")
	c.Span(span, new(Sight))
	for _, set := range c.fields.sets {
		for _, slot := range set {
			assert.NotEqual(t, secretInTests, slot.name)
		}
	}
	assert.True(t, c.fields.slot("http.route", ofSpan).is("http.route", ofSpan))
}

// Spans of several kinds come by turns, and with them their names.
func TestNamesThatFallTogetherAreAllRemembered(t *testing.T) {
	var c fieldCache
	var names []string
	for i := 0; len(names) < 4; i++ {
		if name := fmt.Sprint("attribute.", i); c.slot(name, ofSpan) == &c.sets[7][0] {
			names = append(names, name)
		}
	}
	for range 2 {
		for i, name := range names {
			slot := c.slot(name, ofSpan)
			if slot.field == nil {
				*slot = fieldSlot{name: name, field: new(field), kind: ofSpan}
			}
			assert.Same(t, &c.sets[7][i], slot)
		}
	}
	fifth := c.slot("attribute.0", ofLog)
	for i := 0; fifth.field == nil; i++ { // one more that falls there
		fifth = c.slot(fmt.Sprint("other.", i), ofLog)
	}
	assert.False(t, fifth.is(names[0], ofLog), "it takes somebody's place")
}

func TestWhatLiesTooDeepIsTakenAway(t *testing.T) {
	c := testCleaner()
	log := plog.NewLogRecord()
	m := log.Attributes().PutEmptyMap("a")
	for range 2 * deepest {
		m = m.PutEmptyMap("a")
	}
	m.PutStr("token", secretInTests)
	c.Log(log, new(Sight))
	b, err := (&plog.JSONMarshaler{}).MarshalLogs(logsOf(log))
	require.NoError(t, err)
	assert.NotContains(t, string(b), secretInTests)
}

func logsOf(log plog.LogRecord) plog.Logs {
	ld := plog.NewLogs()
	log.CopyTo(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	return ld
}

func TestWithhold(t *testing.T) {
	span := ptrace.NewSpan()
	span.SetName("GET " + secretInTests)
	span.Status().SetMessage(secretInTests)
	span.TraceState().FromRaw("a=" + secretInTests)
	span.Attributes().PutStr("x", secretInTests)
	span.Attributes().PutInt(strings.Repeat("y", longestName)+secretInTests, 7)
	span.Attributes().PutEmptyMap("m").PutEmptySlice("s").AppendEmpty().SetStr(secretInTests)
	event, link := span.Events().AppendEmpty(), span.Links().AppendEmpty()
	event.SetName(secretInTests)
	link.Attributes().PutEmptyBytes("b").FromRaw([]byte(secretInTests))
	WithholdSpan(span, "REDACTED")
	td := ptrace.NewTraces()
	span.CopyTo(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	assert.NotContains(t, string(b), secretInTests)
	assert.Equal(t, map[string]any{"x": "REDACTED", "REDACTED": int64(7), "m": map[string]any{"s": []any{"REDACTED"}}}, span.Attributes().AsRaw())
}

// A map or a list of headers, cookies or parameters says as much as their line does.
func TestPartsOfARequestInMapsAndLists(t *testing.T) {
	c := NewCleaner(NewSources(Names{
		Headers: []string{"authorization", "x-api-key"}, Parameters: []string{"token", "hmac"}, Cookies: []string{"session", "acme_user"},
	}), Erasing{Placeholder: "REDACTED"})
	const secret = "somebody12"
	for name, test := range map[string]struct {
		attributes map[string]any
		token      string // "": none
	}{
		"cookies":            {map[string]any{"cookies": map[string]any{"session": secret}}, secret},
		"cookies, own":       {map[string]any{"cookies": map[string]any{"acme_user": secret, "theme": "dark"}}, secret},
		"cookie of nginx":    {map[string]any{"cookie_acme_user": secret}, secret},
		"parameter of nginx": {map[string]any{"arg_hmac": secret}, secret},
		"path":               {map[string]any{"request_uri": "/x?a=1&hmac=" + secret + "&b=2"}, secret},
		"query":              {map[string]any{"query": map[string]any{"hmac": secret, "page": "2"}}, secret},
		"query of lists":     {map[string]any{"queryStringParameters": map[string]any{"hmac": []any{secret}}}, secret},
		"entries":            {map[string]any{"headers": []any{map[string]any{"name": "Host", "value": "a.example"}, map[string]any{"name": "X-Api-Key", "value": secret}}}, secret},
		"entries, type":      {map[string]any{"req": map[string]any{"header": []any{map[string]any{"key": "x-api-key", "type": "text", "value": secret}}}}, secret},
		"pairs":              {map[string]any{"headers": []any{[]any{"host", "a.example"}, []any{"x-api-key", secret}}}, secret},
		"in turn":            {map[string]any{"rawHeaders": []any{"Host", "a.example", "X-Api-Key", secret}}, secret},
		"of the answer":      {map[string]any{"response": map[string]any{"headers": []any{map[string]any{"name": "X-Api-Key", "value": secret}}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.Reset()
			log := plog.NewLogRecord()
			require.NoError(t, log.Attributes().FromRaw(test.attributes))
			var sight Sight
			c.Log(log, &sight)
			left := fmt.Sprint(log.Attributes().AsRaw())
			assert.NotContains(t, left, secret)
			assert.Equal(t, 1, strings.Count(left, "REDACTED"), left)
			assert.Equal(t, test.token, sight.Secret)
		})
	}
	for name, attributes := range map[string]map[string]any{
		"other entries": {"tags": []any{map[string]any{"key": "color", "value": secret}}},
		"lines":         {"headers": []any{"Accept: */*", "Host: a.example"}},
		"other maps":    {"form": map[string]any{"hmac": secret}},
	} {
		log := plog.NewLogRecord()
		require.NoError(t, log.Attributes().FromRaw(attributes))
		c.Reset()
		c.Log(log, new(Sight))
		assert.Equal(t, attributes, log.Attributes().AsRaw(), name)
	}
}
