package tokenbehaviorconnector

import (
	"maps"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/usage"
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
	if !v.Delta {
		v.unsure.again(v)
	}
	for b := range v.counter.Batches(now) {
		p.room(len(b.Tokens) + len(b.Sightings)).Put(b)
		for i := range b.Sightings {
			if v.Delta {
				o.putSighting(v, &p, &b.Sightings[i])
			} else {
				v.unsure.see(&b.Sightings[i])
			}
		}
	}
	if !v.Delta {
		for _, s := range v.unsure.sorted() {
			o.putSighting(v, &p, &s)
		}
		v.unsure.touched = maps.Clone(v.evidence.touched)
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

// putSighting tells of the latest request of a token what the view is to tell.
func (o *metricsOutput) putSighting(v *view, p *pages, s *usage.Sighting) {
	if v.LastUsed {
		p.room(0).PutLastUsed(s)
	}
	if v.Evidence {
		o.putEvidence(v, p, subject{s.Token, s.Outbound}, s.At)
	}
}

// room is where the next tokens go. Cumulative usage is one page, since the next one replaces it in its pipelines.
func (p *pages) room(tokens int) *otelattr.UsageWriter {
	if p.page == nil || p.delta && p.tokens >= pageTokens {
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
