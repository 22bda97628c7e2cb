package tokenresponseexporter

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// unsureEvery is how often the log says that it is not known whom to refuse, however many ask.
const unsureEvery = time.Minute

// denyDamaged tells that a part of the deny list is lost.
func (t *teller) denyDamaged(ctx context.Context, err error) {
	t.telemetry.TokenResponseDenyListStorageErrors.Add(ctx, 1)
	t.log.Error("a part of the deny list is lost: lock the tokens again whose incidents are open", zap.Error(err))
	t.health.set("deny list", err)
}

// denyLost tells that it is not known whom to refuse.
func (t *teller) denyLost(ctx context.Context, err error) {
	t.telemetry.TokenResponseDenyListStorageErrors.Add(ctx, 1)
	t.log.Error("the deny list cannot be read: requests pass as deny_list::routes say, and it is tried again", zap.Error(err))
	t.health.set("deny list", err)
}

// denyUnkept tells that what is in force is not on disk.
func (t *teller) denyUnkept(ctx context.Context, err error) {
	t.telemetry.TokenResponseDenyListStorageErrors.Add(ctx, 1)
	t.log.Error("the deny list cannot be kept: it is in force, and a restart now would undo what is new in it", zap.Error(err))
	t.health.set("deny list", err)
}

// denyUnsure tells that a request was answered without knowing whom to refuse.
func (t *teller) denyUnsure(ctx context.Context, err error, now time.Time) {
	t.telemetry.TokenResponseDenyListErrors.Add(ctx, 1)
	if last := t.unsure.Load(); now.UnixNano()-last >= int64(unsureEvery) && t.unsure.CompareAndSwap(last, now.UnixNano()) {
		t.log.Error("a gateway was answered without knowing whom to refuse", zap.Error(err))
	}
}

// denyDeaf tells that gateways get no answer any more.
func (t *teller) denyDeaf(protocol string, err error) {
	t.log.Error("gateways can ask no more whom to refuse: start the Collector again", zap.String("protocol", protocol), zap.Error(err))
	t.health.set("deny list "+protocol, fmt.Errorf("gateways cannot ask whom to refuse: %w", err))
}
