package tokenresponseexporter

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
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
