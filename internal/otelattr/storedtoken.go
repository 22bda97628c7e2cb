package otelattr

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/internal/store"
)

// gauge reads the points of a gauge, each into the sighting of its token.
func (r *storedReader) gauge(m pmetric.Metric, read func(*store.Sighting, pmetric.NumberDataPoint) error) {
	if m.Type() != pmetric.MetricTypeGauge {
		r.misfit(m)
		return
	}
	for _, p := range m.Gauge().DataPoints().All() {
		token, direction := textOf(p.Attributes(), TokenID), textOf(p.Attributes(), TokenDirection)
		if token == "" {
			r.unread.malformed(fmt.Errorf("%s: no %s", m.Name(), TokenID))
			continue
		}
		if err := read(r.sighting(token, direction), p); err != nil {
			r.unread.malformed(fmt.Errorf("%s: %w", m.Name(), err))
		}
	}
}

// sighting is that of a token in this batch.
func (r *storedReader) sighting(token, direction string) *store.Sighting {
	key := [2]string{token, direction}
	at, ok := r.sightings[key]
	if !ok {
		at = len(r.batch.Sightings)
		r.sightings[key] = at
		r.batch.Sightings = append(r.batch.Sightings, store.Sighting{Token: store.Token{ID: token, Direction: direction}})
	}
	return &r.batch.Sightings[at]
}

// telling lets go of those that say nothing.
func telling(all []store.Sighting) []store.Sighting {
	for i := range all {
		if e := all[i].Evidence; e != nil && e.At.IsZero() {
			all[i].Evidence = nil // a threshold of no evidence
		}
	}
	return slices.DeleteFunc(all, func(s store.Sighting) bool { return s.Evidence == nil && s.Token.LastUse.At.IsZero() })
}

// lastUsed reads how a token was used last.
func (r *storedReader) lastUsed(s *store.Sighting, p pmetric.NumberDataPoint) error {
	at, err := instant(p)
	if err != nil {
		return err
	}
	if at.Before(s.Token.LastUse.At) {
		return nil
	}
	t := store.Token{ID: s.Token.ID, Direction: s.Token.Direction}
	var method, route string
	for name, v := range p.Attributes().All() {
		switch name {
		case HTTPMethod:
			method = v.AsString()
		case HTTPRoute:
			route = v.AsString()
		case ClientASNumber:
			t.LastUse.Network = r.system(v.Int())
		case ClientAddress:
			if t.LastUse.Network == "" {
				t.LastUse.Network = keptNetwork(v.AsString())
			}
		default:
			putStored(&t, name, v)
		}
	}
	t.LastUse.At, t.LastUse.Route = at, r.route(method, route)
	if p.Exemplars().Len() > 0 {
		if trace := p.Exemplars().At(0).TraceID(); !trace.IsEmpty() {
			t.LastUse.Trace = trace.String()
		}
	}
	s.Token = t
	return nil
}

// putStored writes an attribute to its place in a token.
func putStored(t *store.Token, name string, v pcommon.Value) {
	switch name {
	case TokenHint:
		t.Hint = v.AsString()
	case TokenType:
		t.Type = v.AsString()
	case TokenFormat:
		t.Format = v.AsString()
	case TokenRegistryID:
		t.RegistryID = v.AsString()
	case TokenOwnerID:
		t.OwnerID = v.AsString()
	case TokenOwnerName:
		t.OwnerName = v.AsString()
	case TokenOwnerType:
		t.OwnerType = v.AsString()
	case TokenOwnerTeam:
		t.OwnerTeam = v.AsString()
	case TokenTenant:
		t.Tenant = v.AsString()
	case TokenStatus:
		t.Status = v.AsString()
	case TokenScopes:
		t.Scopes = textsOf(v)
	case TokenExpiresAt:
		if at, err := time.Parse(time.RFC3339, v.AsString()); err == nil {
			t.ExpiresAt = at.UTC()
		}
	case EnvironmentName:
		t.Environment = v.AsString()
	case GeoCountry:
		t.LastUse.Country = v.AsString()
	case UserAgentName:
		t.LastUse.Client = v.AsString()
	case ServiceName:
		t.LastUse.Service = v.AsString()
	case ServiceVersion:
		t.LastUse.Version = v.AsString()
	default:
		if tag, ok := strings.CutPrefix(name, TokenTagsPrefix); ok {
			if t.Tags == nil {
				t.Tags = make(map[string]string)
			}
			t.Tags[tag] = v.AsString()
		}
	}
}

func textsOf(v pcommon.Value) []string {
	if v.Type() != pcommon.ValueTypeSlice {
		return []string{v.AsString()}
	}
	texts := make([]string, v.Slice().Len())
	for i := range texts {
		texts[i] = v.Slice().At(i).AsString()
	}
	return texts
}

// instant is the unix time, in seconds, that a point's value is.
func instant(p pmetric.NumberDataPoint) (time.Time, error) {
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt && p.IntValue() > 0 && p.IntValue() < math.MaxInt64/int64(time.Second) {
		return time.Unix(p.IntValue(), 0).UTC(), nil
	}
	seconds := pointValue(p)
	if !(seconds > 0 && seconds < math.MaxInt64/1e9) {
		return time.Time{}, fmt.Errorf("%v: not a unix time in seconds", seconds)
	}
	whole, rest := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(rest*1e6))*1e3).UTC(), nil // what a float64 holds of it
}

func pointValue(p pmetric.NumberDataPoint) float64 {
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(p.IntValue())
	}
	return p.DoubleValue()
}

func (r *storedReader) evidence(s *store.Sighting, p pmetric.NumberDataPoint) error {
	nats, err := nats(p)
	if err != nil {
		return err
	}
	e := evidenceOf(s)
	e.Nats, e.At = nats, p.Timestamp().AsTime()
	state := textOf(p.Attributes(), EvidenceState)
	e.Learning, e.Frozen = state == BaselineLearning, state == BaselineFrozen
	return nil
}

func (r *storedReader) threshold(s *store.Sighting, p pmetric.NumberDataPoint) error {
	nats, err := nats(p)
	if err == nil {
		evidenceOf(s).Threshold = nats
	}
	return err
}

func nats(p pmetric.NumberDataPoint) (float64, error) {
	if n := pointValue(p); !math.IsNaN(n) && !math.IsInf(n, 0) {
		return n, nil
	}
	return 0, fmt.Errorf("%v: %w", pointValue(p), errValue)
}

func evidenceOf(s *store.Sighting) *store.Evidence {
	if s.Evidence == nil {
		s.Evidence = new(store.Evidence)
	}
	return s.Evidence
}

// keptNetwork is what may be kept of an address, or of a network: /24 or /48, or what is wider already.
func keptNetwork(text string) string {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return network(text)
	}
	if whole := truncate(prefix.Addr().String()); whole != "" {
		if kept := netip.MustParsePrefix(whole); kept.Bits() < prefix.Bits() || kept.Addr().BitLen() != prefix.Addr().BitLen() {
			return whole
		}
	}
	return prefix.Masked().String()
}
