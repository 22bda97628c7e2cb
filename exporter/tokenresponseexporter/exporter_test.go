package tokenresponseexporter

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/exporter/tokenresponseexporter/internal/metadatatest"
	"github.com/holterhq/holter/internal/response/message"
)

func tellPeople(address string, more ...string) string {
	return fmt.Sprintf(`
targets:
  people: {per: anomaly, webhook: {endpoint: "%s/hook", secret: %s, timeout: 2s}, retry: {delays: [0s, 20ms, 20ms, 20ms], jitter: 0}}
rules: [{name: tell people, targets: [people]}]
%s`, address, testSecret, strings.Join(more, "\n"))
}

func lock(address string, http string, more ...string) string {
	return fmt.Sprintf(`
targets:
  kong:
    http:
      method: DELETE
      endpoint: %s/keys/{{ .token.registry_id | urlpath }}
      headers: {Authorization: 'Bearer {{ secret "admin" }}'}
      secrets: {admin: adm1n-k3y}
      success: {status: [204]}
      timeout: 2s
      %s
    retry: {delays: [0s, 20ms, 20ms, 20ms], jitter: 0}
rules: [{name: lock, action: lock, approval: never, targets: [kong]}]
%s`, address, http, strings.Join(more, "\n"))
}

func TestAnAnomalyBecomesASignedWebhook(t *testing.T) {
	people := receive(t)
	r := run(t, nil, tellPeople(people.URL))
	sent := time.Now()
	r.sends(raised("a-1"))
	r.eventually("the webhook", func() bool { return people.count() == 1 })
	got := people.all()[0]
	assert.Less(t, got.at.Sub(sent), time.Second)
	assert.Equal(t, "POST /hook", got.method+" "+got.uri)
	assert.Equal(t, "Holter/1.2.3", got.header.Get("User-Agent"))
	assert.Equal(t, "a-1", got.header.Get("webhook-id"))

	key, err := message.ParseKey(testSecret)
	require.NoError(t, err)
	var at int64
	_, err = fmt.Sscan(got.header.Get("webhook-timestamp"), &at)
	require.NoError(t, err)
	assert.Equal(t, message.Sign([]message.Key{key}, "a-1", time.Unix(at, 0), []byte(got.body)), got.header.Get("webhook-signature"))

	want, err := os.ReadFile(filepath.Join("testdata", "webhook.json"))
	require.NoError(t, err)
	assert.JSONEq(t, string(want), got.body)
}

func TestOtherLogsAreLeftAlone(t *testing.T) {
	people := receive(t)
	r := run(t, nil, tellPeople(people.URL))
	r.sends(raised("", func(l plog.LogRecord) { l.SetEventName("something.else") }))
	r.sends(plog.NewLogs())
	r.sends(raised("by attribute", func(l plog.LogRecord) {
		l.SetEventName("")
		l.Attributes().PutStr("event.name", "api_token.anomaly")
		l.Attributes().PutStr("anomaly.id", "by-attribute")
	}))
	r.eventually("the webhook", func() bool { return people.count() == 1 })
	assert.Equal(t, "by-attribute", people.all()[0].envelope.Data.ID)
	assert.NotContains(t, people.all()[0].envelope.Data.Attributes, "event.name")
}

func TestAnEventWithoutAnIDGetsAStableOne(t *testing.T) {
	people := receive(t)
	r := run(t, nil, tellPeople(people.URL))
	for range 2 {
		r.sends(raised("not a header\nvalue"))
	}
	r.eventually("the webhook", func() bool { return people.count() == 1 })
	assert.Regexp(t, "^evt_[0-9a-f]{32}$", people.all()[0].header.Get("webhook-id"))
	metadatatest.AssertEqualTokenResponseDuplicates(t, r.telemetry, []metricdata.DataPoint[int64]{{
		Value: 1, Attributes: attribute.NewSet(attribute.String("target", "people")),
	}}, metricdatatest.IgnoreTimestamp())
}

func TestRulesChooseTargets(t *testing.T) {
	people, pager := receive(t), receive(t)
	r := run(t, nil, fmt.Sprintf(`
targets:
  people: {per: anomaly, webhook: {endpoint: "%s", secret: %s}}
  pager: {per: anomaly, webhook: {endpoint: "%s", secret: %s}}
  spare: {per: anomaly, webhook: {endpoint: "http://127.0.0.1:1", secret: %s}}
rules:
  - {name: ours, condition: 'attributes["api_token.owner.id"] == "ours"', stop: true}
  - {name: page, min_severity: fatal, condition: 'log.attributes["anomaly.score"] > 20', targets: [pager]}
  - {name: broken, condition: 'Double(body) > ParseInt("x", 10)', targets: [pager]}
  - {name: tell, detectors: [identity_shift], targets: [people]}
`, people.URL, testSecret, pager.URL, testSecret, testSecret))
	r.sends(raised("mild"))
	r.sends(raised("fatal", func(l plog.LogRecord) { l.SetSeverityNumber(plog.SeverityNumberFatal) }))
	r.sends(raised("ours", func(l plog.LogRecord) { l.Attributes().PutStr("api_token.owner.id", "ours") }))
	r.sends(raised("other", func(l plog.LogRecord) { l.Attributes().PutStr("anomaly.detector", "odd_hours") }))
	r.eventually("three webhooks", func() bool { return people.count() == 2 && pager.count() == 1 })
	assert.Equal(t, "page", pager.all()[0].envelope.Data.Rule)
	assert.Equal(t, "tell", people.all()[0].envelope.Data.Rule)
	assert.NotEmpty(t, r.said("no rule sends anything to this target"))
	assert.NotEmpty(t, r.said("a rule's condition cannot be evaluated"))
	assert.NotEmpty(t, r.said("no storage is configured"))
}

func TestFailuresAreRetriedWithTheSameBody(t *testing.T) {
	people := receive(t)
	people.says(http.StatusInternalServerError)
	r := run(t, nil, tellPeople(people.URL))
	r.sends(raised("a-1"))
	r.eventually("the dead letter", func() bool { return len(r.said("given up")) == 1 })
	all := people.all()
	require.Len(t, all, 4)
	for _, got := range all {
		assert.Equal(t, all[0].body, got.body)
		assert.Equal(t, "a-1", got.header.Get("webhook-id"))
	}
	ofPeople := attribute.NewSet(attribute.String("target", "people"))
	metadatatest.AssertEqualTokenResponseRetries(t, r.telemetry, []metricdata.DataPoint[int64]{{Value: 3, Attributes: ofPeople}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualTokenResponseDeadLetters(t, r.telemetry, []metricdata.DataPoint[int64]{{Value: 1, Attributes: ofPeople}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualTokenResponseOutboxSize(t, r.telemetry, []metricdata.DataPoint[int64]{{Value: 0, Attributes: ofPeople}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualTokenResponseDeliveries(t, r.telemetry, []metricdata.DataPoint[int64]{{
		Value: 1, Attributes: attribute.NewSet(attribute.String("target", "people"), attribute.String("outcome", "dead")),
	}}, metricdatatest.IgnoreTimestamp())
}

func TestGoneSwitchesTheTargetOff(t *testing.T) {
	people := receive(t)
	people.says(http.StatusGone)
	r := run(t, nil, tellPeople(people.URL))
	r.sends(raised("a-1"))
	r.eventually("the status", func() bool {
		status, _ := r.host.status()
		return status == componentstatus.StatusRecoverableError
	})
	r.sends(raised("a-2"))
	time.Sleep(100 * time.Millisecond)
	assert.Equal(t, 1, people.count())
	_, err := r.host.status()
	assert.EqualError(t, err, "target people answered 410 Gone and is switched off")
	assert.Len(t, r.said("answered 410 Gone"), 1)
	metadatatest.AssertEqualTokenResponseTargetDisabled(t, r.telemetry, []metricdata.DataPoint[int64]{{
		Value: 1, Attributes: attribute.NewSet(attribute.String("target", "people")),
	}}, metricdatatest.IgnoreTimestamp())
}

func TestAFailingTargetShowsInHealth(t *testing.T) {
	people := receive(t)
	people.says(http.StatusInternalServerError)
	r := run(t, nil, tellPeople(people.URL+"/?key=hidden-value", "unhealthy_after: 10ms"))
	r.sends(raised("a-1"))
	r.eventually("bad health", func() bool {
		status, err := r.host.status()
		return status == componentstatus.StatusRecoverableError && strings.Contains(err.Error(), "nothing has worked at target people for")
	})
	people.says(http.StatusOK)
	r.sends(raised("a-2"))
	r.eventually("good health", func() bool {
		status, _ := r.host.status()
		return status == componentstatus.StatusOK
	})
	for _, entry := range r.logs.All() {
		assert.NotContains(t, fmt.Sprint(entry.Message, entry.ContextMap()), "hidden-value")
	}
}

func TestDryRunSaysWhatWouldBeSent(t *testing.T) {
	kong := receive(t)
	r := run(t, nil, lock(kong.URL, ""))
	r.sends(raised("a-1", leaked))
	r.eventually("the description", func() bool { return len(r.said("dry run: this would have been sent")) == 1 })
	assert.Regexp(t,
		"^DELETE "+kong.URL+"/keys/key%2F1\nIdempotency-Key: [0-9a-f-]{36}\nAuthorization: \\*\\*\\*$",
		r.said("dry run: this would have been sent")[0].ContextMap()["request"])
	assert.Zero(t, kong.count())
	metadatatest.AssertEqualTokenResponseDryRunActs(t, r.telemetry, []metricdata.DataPoint[int64]{{
		Value: 1, Attributes: attribute.NewSet(attribute.String("target", "kong")),
	}}, metricdatatest.IgnoreTimestamp())
}

func TestEnforcementDiffersByOneSetting(t *testing.T) {
	kong := receive(t)
	r := run(t, nil, lock(kong.URL, "", "dry_run: false"))
	r.sends(raised("a-1", leaked))
	r.sends(raised("a-1", leaked))
	r.eventually("the act", func() bool { return r.delivered() == 1 })
	all := kong.all()
	require.Len(t, all, 1)
	assert.Equal(t, "DELETE /keys/key%2F1", all[0].method+" "+all[0].uri)
	assert.Equal(t, "Bearer adm1n-k3y", all[0].header.Get("Authorization"))
	assert.Regexp(t, "^[0-9a-f-]{36}$", all[0].header.Get("Idempotency-Key"))
}

func TestWebhooksSayWhetherActsAreHeldBack(t *testing.T) {
	for _, c := range []struct {
		name, kong, top string
		want            bool
	}{
		{"the default", "", "", true},
		{"enforced", "", "dry_run: false", false},
		{"enforced for this target", "dry_run: false", "", false},
		{"held back for this target", "dry_run: true", "dry_run: false", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			kong, people := receive(t), receive(t)
			cfg := strings.Replace(lock(kong.URL, c.kong, c.top), "rules: [{name: lock, action: lock, approval: never, targets: [kong]}]", fmt.Sprintf(`
  people: {per: anomaly, webhook: {endpoint: "%s", secret: %s}}
rules: [{action: lock, approval: never, targets: [kong, people]}]`, people.URL, testSecret), 1)
			r := run(t, nil, cfg)
			r.sends(raised("a-1", leaked))
			r.eventually("the webhook", func() bool { return people.count() == 1 })
			assert.Equal(t, c.want, people.all()[0].envelope.Data.DryRun)
		})
	}
}

func TestAnActWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	kong := receive(t)
	kong.answer = func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	r := run(t, nil, lock(kong.URL, "", "dry_run: false"))
	r.sends(raised("a-1", leaked))
	r.eventually("unknown", func() bool { return len(r.said("nobody knows whether an act was done")) == 1 })
	time.Sleep(100 * time.Millisecond)
	assert.Equal(t, 1, kong.count())
	metadatatest.AssertEqualTokenResponseUnknownActs(t, r.telemetry, []metricdata.DataPoint[int64]{{
		Value: 1, Attributes: attribute.NewSet(attribute.String("target", "kong")),
	}}, metricdatatest.IgnoreTimestamp())
}

func TestAnIdempotentActIsRepeated(t *testing.T) {
	kong := receive(t)
	kong.says(http.StatusInternalServerError)
	r := run(t, nil, lock(kong.URL, "idempotent: true", "dry_run: false"))
	r.sends(raised("a-1", leaked))
	r.eventually("a second attempt", func() bool { return kong.count() >= 2 })
	kong.says(http.StatusNoContent)
	r.eventually("the act", func() bool { return r.delivered() == 1 })
}

func TestADeadTargetDelaysNoOther(t *testing.T) {
	dead, people := receive(t), receive(t)
	over := make(chan struct{})
	defer close(over)
	dead.answer = func(http.ResponseWriter, *http.Request) { <-over }
	r := run(t, nil, fmt.Sprintf(`
targets:
  dead: {per: anomaly, webhook: {endpoint: "%s", secret: %s, timeout: 500ms}}
  people: {per: anomaly, webhook: {endpoint: "%s", secret: %s}}
rules: [{targets: [dead, people]}]
`, dead.URL, testSecret, people.URL, testSecret))
	begin := time.Now()
	for i := range 50 {
		r.sends(raised(fmt.Sprint("a-", i)))
	}
	r.eventually("all webhooks", func() bool { return people.count() == 50 })
	assert.Less(t, time.Since(begin), time.Second)
}

func TestRestartInTheMiddle(t *testing.T) {
	directory := t.TempDir()
	people, kong := receive(t), receive(t)
	people.says(http.StatusServiceUnavailable)
	kong.says(http.StatusServiceUnavailable)
	cfg := fmt.Sprintf(`
storage: file_storage
dry_run: false
targets:
  people: {per: anomaly, webhook: {endpoint: "%s", secret: %s}, retry: {delays: [0s, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms], jitter: 0}}
  kong:
    http: {method: PUT, endpoint: "%s/{{ .token.registry_id | urlpath }}", success: {status: [204]}}
    retry: {delays: [0s, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms], jitter: 0}
caps: {per_hour: 0, per_owner: 0}
rules: [{action: lock, approval: never, targets: [people, kong]}]
`, people.URL, testSecret, kong.URL)
	const anomalies = 20
	r := run(t, storageHost(t, directory), cfg)
	for i := range anomalies {
		r.sends(raised(fmt.Sprint("a-", i), leaked, ofToken(fmt.Sprint(i))))
	}
	r.eventually("first attempts", func() bool { return people.count() > 0 && kong.count() > 0 })
	r.stop()
	before := map[string]string{}
	for _, got := range people.all() {
		before[got.header.Get("webhook-id")] = got.body
	}
	tried := people.count() + kong.count()

	people.says(http.StatusOK)
	kong.says(http.StatusNoContent)
	r = run(t, storageHost(t, directory), cfg)
	r.sends(raised("a-0", leaked, ofToken("0")))
	r.eventually("everything", func() bool { return r.delivered() == 2*anomalies })
	r.sends(raised("a-1", leaked, ofToken("1")))
	time.Sleep(50 * time.Millisecond)
	assert.Equal(t, tried+2*anomalies, people.count()+kong.count(), "nothing twice")
	ids := map[string]int{}
	for _, got := range people.all()[len(before):] {
		ids[got.header.Get("webhook-id")]++
		if body, ok := before[got.header.Get("webhook-id")]; ok {
			assert.Equal(t, body, got.body, "the body survives to the byte")
		}
	}
	assert.Len(t, ids, anomalies, "nothing lost")
}

func TestNoRoomIsNotAcknowledged(t *testing.T) {
	r := run(t, nil, tellPeople("http://127.0.0.1:1", "outbox: {max_memory_mib: 1}"))
	var err error
	accepted := 0
	for ; accepted < 10_000 && err == nil; accepted++ {
		err = r.ConsumeLogs(context.Background(), raised(fmt.Sprint("a-", accepted), func(l plog.LogRecord) {
			l.Attributes().PutStr("padding", strings.Repeat("x", 15_000))
		}))
	}
	require.Error(t, err)
	assert.False(t, consumererror.IsPermanent(err), "whoever sent it is to try again")
	assert.Greater(t, accepted, 10)
}

func TestStorageTrouble(t *testing.T) {
	t.Run("not configured", func(t *testing.T) {
		cfg := configure(t, "storage: file_storage")
		e, err := NewFactory().CreateLogs(t.Context(), metadatatest.NewSettings(run(t, nil, "").telemetry), cfg)
		require.NoError(t, err)
		assert.EqualError(t, e.Start(t.Context(), storageHostWithout()),
			`storage: there is no extension "file_storage": configure it under extensions and name it in service::extensions`)
		require.NoError(t, e.Shutdown(t.Context()))
	})
	t.Run("cannot be opened", func(t *testing.T) {
		directory := t.TempDir()
		h := storageHost(t, directory)
		require.NoError(t, os.RemoveAll(directory))
		people := receive(t)
		r := run(t, h, tellPeople(people.URL, "storage: file_storage"))
		r.sends(raised("a-1"))
		r.eventually("the webhook", func() bool { return people.count() == 1 })
		status, err := r.host.status()
		assert.Equal(t, componentstatus.StatusRecoverableError, status)
		assert.ErrorContains(t, err, "the storage cannot be used, the outbox lives in memory")
	})
}

func storageHostWithout() *host { return &host{} }

func TestShutdownTwiceAndWithoutStart(t *testing.T) {
	e, err := NewFactory().CreateLogs(t.Context(), metadatatest.NewSettings(run(t, nil, "").telemetry), createDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Shutdown(t.Context()))
	r := run(t, nil, "")
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
}

func BenchmarkConsumeLogs(b *testing.B) {
	people := receive(b)
	for name, h := range map[string]*host{"memory": nil, "file_storage": storageHost(b, b.TempDir())} {
		b.Run(name, func(b *testing.B) {
			more := "outbox: {max_memory_mib: 1000}"
			if h != nil {
				more += "\nstorage: file_storage"
			}
			r := run(b, h, tellPeople(people.URL, more))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := r.ConsumeLogs(b.Context(), raised(fmt.Sprintf("%s-%d-%d", name, b.N, i))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
