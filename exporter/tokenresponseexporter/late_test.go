package tokenresponseexporter

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component/componentstatus"

	"github.com/holterhq/holter/internal/response"
)

// The target refuses one token and locks another: that it works does not mean that it obeys.
func TestALockThatDoesNotGetThroughIsTold(t *testing.T) {
	kong, people := receive(t), receive(t)
	refuse := true
	kong.answer = func(w http.ResponseWriter, req *http.Request) {
		kong.mu.Lock()
		defer kong.mu.Unlock()
		if refuse && strings.HasSuffix(req.URL.Path, "/key_1") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
	cfg := fmt.Sprintf(`
dry_run: false
storage: file_storage
unhealthy_after: 300ms
targets:
  people: {webhook: {endpoint: "%s", secret: %s}, retry: {delays: [0s], jitter: 0}}
  kong:
    http: {endpoint: "%s/lock/{{ .token.registry_id | urlpath }}", success: {status: [204]}, idempotent: true}
    retry: {delays: [0s, 100ms, 2s, 2s, 2s], jitter: 0}
rules: [{name: lock, action: lock, approval: never, targets: [kong, people]}]
`, people.URL, testSecret, kong.URL)
	h := storageHost(t, t.TempDir())
	r := run(t, h, cfg)
	r.sends(raised("a-1", leaked, ofToken("key_1")))
	r.eventually("two attempts", func() bool { return kong.count() == 2 })
	r.sends(raised("a-2", leaked, ofToken("key_2")))
	r.told(people, response.ActDone)
	late := r.told(people, response.ActLate)
	assert.Equal(t, "error", late.Severity)
	assert.Equal(t, "sending", late.Incident.Act.State)
	assert.Equal(t, "status 401 is none of [204]", late.Incident.Act.Answer)
	assert.Contains(t, late.Sentence, "is not done yet, and is tried again at ")
	r.eventually("the decision", func() bool { return len(r.said("decided: late")) == 1 })
	assert.Contains(t, r.said("decided: late")[0].ContextMap()["why"], "status 401 is none of [204]")
	ailing := func() string {
		_, err := h.status()
		return fmt.Sprint(err)
	}
	r.eventually("health", func() bool {
		return strings.Contains(ailing(), "an act at target kong does not get through, and is still tried: status 401 is none of [204]")
	})

	r.stop()
	r = run(t, h, cfg)
	assert.Contains(t, ailing(), "does not get through", "after a restart as well")
	kong.mu.Lock()
	refuse = false
	kong.mu.Unlock()
	r.eventually("the lock", func() bool { return len(r.said("decided: done")) == 1 })
	r.eventually("good health", func() bool {
		status, _ := h.status()
		return status == componentstatus.StatusOK
	})
	told := 0
	for _, one := range people.occasions() {
		if one == response.ActLate {
			told++
		}
	}
	assert.Equal(t, 1, told, "once for an act")
}
