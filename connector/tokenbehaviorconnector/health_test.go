package tokenbehaviorconnector

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// statusHost keeps the status that was reported last.
type statusHost struct{ last componentstatus.Status }

func (*statusHost) GetExtensions() map[component.ID]component.Component { return nil }
func (h *statusHost) Report(event *componentstatus.Event)               { h.last = event.Status() }

func TestEveryNodeTellsWhatIsOff(t *testing.T) {
	h := newHealth(zap.NewNop())
	var first, later statusHost
	h.attach(new(node), &first)
	h.fail(faultState, errors.New("torn"))
	h.fail(faultJournal, errors.New("full"))
	h.attach(new(node), &later)
	assert.Equal(t, componentstatus.StatusRecoverableError, first.last)
	assert.Equal(t, componentstatus.StatusRecoverableError, later.last)

	h.recovered(faultJournal)
	assert.Equal(t, componentstatus.StatusRecoverableError, later.last)
	h.recovered(faultState)
	assert.Equal(t, componentstatus.StatusOK, first.last)
	assert.Equal(t, componentstatus.StatusOK, later.last)
}
