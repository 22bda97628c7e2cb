package report

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

// finds are what a block holds.
type finds struct {
	records []otelattr.Record
	lines   int // that are not empty
	skipped Skipped
	reason  error // why the first of them was skipped
	failure error // of token_identity
}

// sifter finds the requests in blocks, and whose tokens they were made with. Several work at a time.
type sifter struct {
	service    string // of access logs, which do not say
	identifier *identifier

	logs    plog.Logs // the log records of a block that go through token_identity together
	records plog.LogRecordSlice
}

// recordPool keeps the memory of blocks whose records were counted.
var recordPool = sync.Pool{New: func() any { return new([]otelattr.Record) }}

// sift goes through the lines of a block.
func (s *sifter) sift(ctx context.Context, b *block) {
	defer close(b.sifted)
	b.records = (*recordPool.Get().(*[]otelattr.Record))[:0]
	s.fresh()
	number := b.first - 1
	for line := range bytes.Lines(b.text) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		b.lines++
		p, err := parse(line)
		if err != nil {
			if b.skipped.Lines++; b.reason == nil {
				b.reason = err
			}
			if len(b.skipped.First) < complaints {
				b.skipped.First = append(b.skipped.First, fmt.Sprintf("%s: line %d: %v", b.path, number, err))
			}
			continue
		}
		if b.failure = s.take(ctx, &p, b); b.failure != nil {
			return
		}
	}
	b.failure = s.flush(ctx, b)
	b.text = nil
}

// take hands what a line holds to token_identity, single records together.
func (s *sifter) take(ctx context.Context, p *parsed, b *block) error {
	if !p.spans && !p.otlp {
		p.record.MoveTo(s.records.AppendEmpty())
		return nil
	}
	if err := s.flush(ctx, b); err != nil {
		return err
	}
	if p.spans {
		return s.spans(ctx, p.traces, b)
	}
	return s.identifyLogs(ctx, p.logs, b)
}

func (s *sifter) fresh() {
	s.logs = plog.NewLogs()
	resource := s.logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr(otelattr.ServiceName, s.service)
	s.records = resource.ScopeLogs().AppendEmpty().LogRecords()
	s.records.EnsureCapacity(blockLines)
}

func (s *sifter) flush(ctx context.Context, b *block) error {
	if s.records.Len() == 0 {
		return nil
	}
	full := s.logs
	s.fresh()
	return s.identifyLogs(ctx, full, b)
}

// identifyLogs sends log records through token_identity, which writes into them whose they are, and notes the requests among them.
func (s *sifter) identifyLogs(ctx context.Context, ld plog.Logs, b *block) error {
	if err := s.identifier.logs.ConsumeLogs(ctx, ld); err != nil {
		return fmt.Errorf("identify tokens: %w", err)
	}
	var r otelattr.Record
	eachLog(ld, func(resource pcommon.Resource, log plog.LogRecord) {
		if otelattr.OriginOf(resource.Attributes(), "").Log(log, &r) {
			b.records = append(b.records, r)
		} else if _, request := log.Attributes().Get(otelattr.HTTPMethod); request && log.Timestamp() != 0 {
			b.records = append(b.records, otelattr.Record{Observation: behavior.Observation{Time: int64(log.Timestamp())}})
		}
	})
	return nil
}

// spans is identifyLogs for the spans of servers: each of them is a request, unless it is part of one.
func (s *sifter) spans(ctx context.Context, td ptrace.Traces, b *block) error {
	if err := s.identifier.traces.ConsumeTraces(ctx, td); err != nil {
		return fmt.Errorf("identify tokens: %w", err)
	}
	var r otelattr.Record
	eachSpan(td, func(resource pcommon.Resource, span ptrace.Span) {
		if otelattr.OriginOf(resource.Attributes(), "").Span(span, &r) && r.Served {
			b.records = append(b.records, r)
		}
	})
	return nil
}
