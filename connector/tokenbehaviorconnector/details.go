package tokenbehaviorconnector

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/usage"
)

// details reads what the latest request of each token in a batch says of it. All records of the token share it, since which of them counts is
// not known yet.
type details struct {
	tokens [2]map[string]*detailed // inbound and outbound
}

// detailed is a token of the batch.
type detailed struct {
	details *usage.Details
	latest  int64
	attrs   pcommon.Map // of that request
}

var detailsPool = sync.Pool{New: func() any {
	return &details{tokens: [2]map[string]*detailed{make(map[string]*detailed), make(map[string]*detailed)}}
}}

// details returns where to note details; nil if no output wants them.
func (w *worker) details() *details {
	if !w.detailed {
		return nil
	}
	return detailsPool.Get().(*details)
}

// note keeps a record in mind.
func (d *details) note(r *otelattr.Record, attrs pcommon.Map) {
	if d == nil || !r.Detailed || r.Token == "" {
		return
	}
	tokens := d.tokens[0]
	if r.Outbound {
		tokens = d.tokens[1]
	}
	known := tokens[r.Token]
	if known == nil {
		known = &detailed{details: new(usage.Details), latest: r.Time, attrs: attrs}
		tokens[r.Token] = known
	} else if r.Time >= known.latest {
		known.latest, known.attrs = r.Time, attrs
	}
	r.Details = known.details
}

// read reads them once the batch is known as a whole.
func (d *details) read() {
	if d == nil {
		return
	}
	for _, tokens := range d.tokens {
		for _, known := range tokens {
			*known.details = otelattr.DetailsOf(known.attrs)
		}
		clear(tokens)
	}
	detailsPool.Put(d)
}
