package tokenbehaviorconnector

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/otelattr"
)

// forgiven is how long no foreign key must have been seen until health is good again.
const forgiven = 5 * time.Minute

// foreign refuses tokens that are named under another identity key than the others: the same token would have two baselines, and
// neither would be right. The key is the configured one or, without it, the first that this process sees.
type foreign struct {
	telemetry *metadata.TelemetryBuilder
	health    *health
	own       atomic.Pointer[string]
	seen      atomic.Int64 // when the last one was, in unix nanoseconds; 0: none is open
}

func newForeign(config *Config, telemetry *metadata.TelemetryBuilder, h *health) *foreign {
	f := &foreign{telemetry: telemetry, health: h}
	if config.IdentityKeyID != "" {
		f.own.Store(&config.IdentityKeyID)
	}
	return f
}

// native says whether the record's token, if it has one, is named under our key. Who says no key is believed.
func (f *foreign) native(r *otelattr.Record) bool {
	if r.KeyID == "" || r.Token == "" {
		return true
	}
	own := f.own.Load()
	if own == nil {
		id := r.KeyID
		f.own.CompareAndSwap(nil, &id)
		own = f.own.Load()
	}
	return r.KeyID == *own
}

// refuse takes the token from each record of a batch that has a foreign one. Of requests that we answered, service and route are
// still counted; the others are left out.
func (f *foreign) refuse(records []otelattr.Record) []otelattr.Record {
	kept, refused, id := records[:0], int64(0), ""
	for i := range records {
		r := &records[i]
		if !f.native(r) {
			refused, id = refused+1, r.KeyID
			if r.Disown(); !r.Served {
				continue
			}
		}
		if len(kept) != i {
			records[len(kept)] = *r
		}
		kept = records[:len(kept)+1]
	}
	if refused > 0 {
		f.telemetry.TokenBehaviorForeignKey.Add(context.Background(), refused)
		f.seen.Store(now())
		f.health.fail(faultForeign, fmt.Errorf("identity key %s instead of %s: give every token_identity the same keys::identity, or set identity_key_id to the key whose tokens are meant",
			shortened(id), *f.own.Load()))
	}
	return kept
}

// forget says that it is over when no foreign key has been seen for long enough.
func (f *foreign) forget() {
	if seen := f.seen.Load(); seen != 0 && now()-seen > int64(forgiven) && f.seen.CompareAndSwap(seen, 0) {
		f.health.recovered(faultForeign)
	}
}

// shortened is an id that somebody else wrote, fit for a log.
func shortened(id string) string {
	const longest = 16
	if len(id) > longest {
		return fmt.Sprintf("%q…", id[:longest])
	}
	return fmt.Sprintf("%q", id)
}
