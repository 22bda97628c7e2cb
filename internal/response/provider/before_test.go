package provider

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// A key that somebody else has switched off is not switched on again when the time of Holter's lock is over: Holter sends nothing.
func TestWhatIsOffAlreadyIsLeftAlone(t *testing.T) {
	f := unkey(t)
	preset, err := Unkey{Endpoint: f.URL, RootKey: "unkey_root", Key: "token.registry_id"}.Preset(f.channel())
	require.NoError(t, err)
	lock := act{t, preset, response.Lock}
	lock.is(response.Done, response.Do)
	assert.Equal(t, []string{"POST /v2/keys.getKey", "POST /v2/keys.updateKey"}, f.made())

	again := lock.send(response.Do, response.Waiting)
	assert.True(t, again.Before)
	assert.Equal(t, response.Done, again.Verdict)
	assert.Equal(t, []string{"POST /v2/keys.getKey"}, f.made())

	again = lock.sendOf(response.Do, response.Progress{Doubt: true})
	assert.False(t, again.Before, "an earlier request may have done it")
	assert.Equal(t, []string{"POST /v2/keys.updateKey"}, f.made())

	f.will(500, "")
	assert.False(t, lock.send(response.Do, response.Waiting).Before, "what is not known keeps nobody from locking")
	assert.Equal(t, []string{"POST /v2/keys.getKey", "POST /v2/keys.updateKey"}, f.made())
	lock.is(response.Done, response.Undo)
	assert.Equal(t, []string{"POST /v2/keys.updateKey"}, f.made(), "taking back asks nothing")
}

// The question may take a third of the time that there is, so that the act itself has the rest.
func TestAQuestionThatHangsKeepsNobodyFromActing(t *testing.T) {
	var seen []string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method)
		if r.Method == http.MethodGet {
			select {
			case <-r.Context().Done():
			case <-time.After(2 * time.Second):
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
	do := newCall(t, RequestSpec{Method: http.MethodPut, Endpoint: address})
	do.Success = status(204)
	ask, err := NewRequest(RequestSpec{Method: http.MethodGet, Endpoint: address})
	require.NoError(t, err)
	do.ReadBack = &ReadBack{Request: ask, Done: status(200), NotDone: status(204)}
	p := &Preset{Steps: Steps{response.Lock: {Do: do, Undo: do}}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	d := locking()
	d.Action = response.Lock
	a := p.Send(ctx, d, noon)
	assert.Equal(t, response.Done, a.Verdict, a.Reason)
	assert.False(t, a.Before)
	assert.Equal(t, []string{"GET", "PUT"}, seen)
}

// Where "not there" is all that the question tells, it does not tell what was so before from a wrong name.
func TestWhatIsNotThereIsNotTakenForDone(t *testing.T) {
	f := kong(t)
	preset, err := Kong{
		Endpoint: f.URL, Token: "kong-admin", Consumer: "token.owner.id", Key: "token.registry_id", Lock: KongTerminate, Group: "premium", ACL: "token.tags.kong.acl",
	}.Preset(f.channel())
	require.NoError(t, err)
	restrict := act{t, preset, response.Restrict}
	restrict.is(response.Done, response.Do)
	restrict.is(response.Final, response.Do, "Kong has no such consumer")
}
