package demo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/otelattr"
)

// event is an anomaly as it came back from Holter.
type event struct {
	time                          time.Time
	trace                         [16]byte
	severity, detector, sentence  string
	registry, hint                string
	ownerID, owner, team, country string
	score, threshold              float64
	evidence                      []evidence
}

// evidence is what one facet said.
type evidence struct {
	facet, observed, expected string
	nats                      float64
	samples                   int64
	age                       time.Duration
}

// follower reads the anomalies that are appended to a file of OTLP JSON lines.
type follower struct {
	path string
	at   int64
	rest []byte
}

// followFrom begins at the file's present end; a file that does not exist yet is followed from its beginning.
func followFrom(path string) (*follower, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &follower{path: path}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read anomalies: %w", err)
	}
	return &follower{path: path, at: info.Size()}, nil
}

// more returns the events that have come since it was last asked.
func (f *follower) more() ([]event, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read anomalies: %w", err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.NewSectionReader(file, f.at, 1<<40))
	if err != nil {
		return nil, fmt.Errorf("read anomalies: %w", err)
	}
	f.at += int64(len(b))
	f.rest = append(f.rest, b...)
	var out []event
	for {
		line, rest, whole := bytes.Cut(f.rest, []byte("\n"))
		if !whole {
			return out, nil
		}
		f.rest = rest
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			return out, fmt.Errorf("read anomalies from %s: %w", f.path, err)
		}
		out = appendEvents(out, logs)
	}
}

func appendEvents(out []event, logs plog.Logs) []event {
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if r.EventName() == otelattr.EventAnomaly {
					out = append(out, eventOf(r))
				}
			}
		}
	}
	return out
}

func eventOf(r plog.LogRecord) event {
	attrs := r.Attributes()
	e := event{
		time: r.Timestamp().AsTime(), trace: r.TraceID(), severity: r.SeverityText(), sentence: r.Body().AsString(),
		detector: text(attrs, otelattr.AnomalyDetector), registry: text(attrs, otelattr.TokenRegistryID), hint: text(attrs, otelattr.TokenHint),
		ownerID: text(attrs, otelattr.TokenOwnerID), owner: text(attrs, otelattr.TokenOwnerName), team: text(attrs, otelattr.TokenOwnerTeam),
		country: text(attrs, otelattr.GeoCountry), score: number(attrs, otelattr.AnomalyScore), threshold: number(attrs, otelattr.AnomalyLimit),
	}
	if e.severity == "" {
		e.severity = r.SeverityNumber().String()
	}
	if list, ok := attrs.Get(otelattr.AnomalyEvidence); ok && list.Type() == pcommon.ValueTypeSlice {
		for _, v := range list.Slice().All() {
			if v.Type() == pcommon.ValueTypeMap {
				e.evidence = append(e.evidence, evidenceOf(v.Map()))
			}
		}
	}
	return e
}

func evidenceOf(m pcommon.Map) evidence {
	return evidence{
		facet: text(m, otelattr.EvidenceFacet), observed: text(m, otelattr.EvidenceObserved), expected: text(m, otelattr.EvidenceExpected),
		nats: number(m, otelattr.EvidenceNats), samples: int64(number(m, otelattr.EvidenceSamples)),
		age: time.Duration(number(m, otelattr.EvidenceAge) * float64(time.Second)),
	}
}

func text(m pcommon.Map, key string) string {
	v, ok := m.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

func number(m pcommon.Map, key string) float64 {
	v, ok := m.Get(key)
	if !ok {
		return 0
	}
	if v.Type() == pcommon.ValueTypeInt {
		return float64(v.Int())
	}
	return v.Double()
}
