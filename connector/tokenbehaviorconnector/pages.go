package tokenbehaviorconnector

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/otelattr"
)

// pageTokens is how many tokens' usage goes into what a pipeline gets at once, where it can be divided.
const pageTokens = 1_000

// pages are what a pipeline gets, one after the other.
type pages struct {
	output *metricsOutput
	delta  bool
	all    []pmetric.Metrics
	page   *otelattr.UsageWriter
	tokens int // in the page
}

// pages are what was counted for a view.
func (o *metricsOutput) pages(v *view, now int64) []pmetric.Metrics {
	p := pages{output: o, delta: v.Delta}
	for b := range v.counter.Batches(now) {
		p.room(len(b.Tokens) + len(b.Sightings)).Put(b)
		for i := range b.Sightings {
			s := &b.Sightings[i]
			if v.LastUsed {
				p.page.PutLastUsed(s)
			}
			if v.Evidence {
				o.putEvidence(v, &p, subject{s.Token, s.Outbound}, s.At)
			}
		}
	}
	for of, at := range v.evidence.touched {
		o.putEvidence(v, &p, of, at)
	}
	clear(v.evidence.touched)
	p.close()
	v.flushed = time.Now()
	o.reportOverflow(v)
	return p.all
}

// room is where the next tokens go.
func (p *pages) room(tokens int) *otelattr.UsageWriter {
	if p.page == nil || p.tokens >= pageTokens {
		p.close()
		md := p.output.blank()
		p.all = append(p.all, md)
		p.page, p.tokens = otelattr.NewUsageWriter(p.delta, metricsOf(md)), 0
	}
	p.tokens += tokens
	return p.page
}

// close ends a page, and takes it out if nothing was written.
func (p *pages) close() {
	if p.page == nil {
		return
	}
	p.page.Close()
	if last := len(p.all) - 1; metricsOf(p.all[last]).Len() == 0 {
		p.all = p.all[:last]
	}
	p.page = nil
}

// blank is where metrics go.
func (o *metricsOutput) blank() pmetric.Metrics {
	md := pmetric.NewMetrics()
	scope := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	scope.Scope().SetVersion(o.version)
	return md
}

func metricsOf(md pmetric.Metrics) pmetric.MetricSlice {
	return md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
}
