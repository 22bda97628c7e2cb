package tokenresponseexporter

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/response"
)

// Back to dry run is a brake: nothing more is done, and what was done before still ends in its time.
func TestBackInDryRunWhatIsInForceStillEnds(t *testing.T) {
	h, kong := storageHost(t, t.TempDir()), receive(t)
	kong.says(http.StatusOK)
	config := func(dry bool) string {
		return fmt.Sprintf(`
storage: file_storage
dry_run: %t
targets:
  kong:
    http:
      lock:
        do: {endpoint: "%[2]s/lock/{{ .token.id | urlpath }}"}
        undo: {endpoint: "%[2]s/open/{{ .token.id | urlpath }}"}
        success: {status: [200]}
        idempotent: true
rules: [{action: lock, approval: never, ttl: 1s, targets: [kong]}]
`, dry, kong.URL)
	}
	r := run(t, h, config(false))
	r.sends(raised("a-1", leaked))
	r.eventually("the key is locked", func() bool { return kong.count() == 1 })
	r.stop()
	r = run(t, h, config(true))
	r.sends(raised("a-2", leaked, ofToken("new")))
	r.eventually("its time is over", func() bool { return len(r.said("decided: undone")) == 1 })
	all := kong.all()
	assert.Len(t, all, 2, "what is new is only said")
	assert.Equal(t, "/open/tok_abc", all[1].uri)
}

// A lock that waits for a provider that is down is nobody's wish any more once the incident is resolved, or its owner protected.
func TestALockThatWaitsIsCalledBack(t *testing.T) {
	h, kong, people := storageHost(t, t.TempDir()), receive(t), receive(t)
	kong.says(http.StatusServiceUnavailable)
	config := func(protected string) string {
		return fmt.Sprintf(`
storage: file_storage
dry_run: false
protected: {owners: [%s]}
targets:
  people: {webhook: {endpoint: "%s", secret: "%s"}}
  kong:
    retry: {delays: [0s, 1s, 1s, 1s, 1s, 1s], jitter: 0}
    http:
      lock:
        do: {endpoint: "%s/lock/{{ .token.id | urlpath }}"}
        success: {status: [200]}
        idempotent: true
rules: [{action: lock, approval: never, targets: [kong, people]}]
`, protected, people.URL, testSecret, kong.URL)
	}
	owned := func(owner string) func(plog.LogRecord) {
		return func(l plog.LogRecord) { l.Attributes().PutStr("api_token.owner.id", owner) }
	}
	r := run(t, h, config("nobody"))
	r.sends(raised("a-1", leaked))
	incident := r.told(people, response.Opened).Incident.ID
	r.sends(raised("a-2", leaked, ofToken("bank"), owned("bank")))
	r.eventually("both were tried", func() bool { return kong.count() == 2 })
	r.sends(fromJournal("api_token.approval", 1, map[string]string{"approval.verb": "resolve", "incident.id": incident, "approval.why": "our own test"}))
	r.eventually("one is called back", func() bool { return len(r.said("decided: recalled")) == 1 })
	r.stop()
	tried := kong.count()
	kong.says(http.StatusOK)
	r = run(t, h, config("bank"))
	r.eventually("the other is", func() bool { return len(r.said("decided: recalled")) == 1 })
	assert.Contains(t, r.said("decided: recalled")[0].ContextMap()["why"], "the owner bank is protected")
	assert.Equal(t, tried, kong.count())
}
