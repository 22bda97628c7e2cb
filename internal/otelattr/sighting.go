package otelattr

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/usage"
)

// tagsKept bounds what is kept of the tags of a token.
const tagsKept = 32

// DetailsOf reads what a record's attributes say of its token beside what is in a Record.
func DetailsOf(attrs pcommon.Map) (d usage.Details) {
	for k, v := range attrs.All() {
		switch k {
		case TokenFormat:
			d.Format = v.AsString()
		case TokenOwnerType:
			d.OwnerType = v.AsString()
		case TokenExpiresAt:
			d.ExpiresAt = v.AsString()
		case TokenScopes:
			d.Scopes = stringsOf(v)
		default:
			if key, ok := strings.CutPrefix(k, TokenTagsPrefix); ok && len(d.Tags) < tagsKept {
				d.Tags = append(d.Tags, usage.Tag{Key: key, Value: v.AsString()})
			}
		}
	}
	return d
}

// PutLastUsed writes how a token was used last.
func (w *UsageWriter) PutLastUsed(s *usage.Sighting) {
	if w.lastUsed == (pmetric.NumberDataPointSlice{}) {
		w.lastUsed = w.gauge(MetricLastUsed, "s", "When the token was used last, in unix time.")
	}
	p := w.lastUsed.AppendEmpty()
	seconds := float64(s.At) / 1e9
	p.SetTimestamp(pcommon.Timestamp(s.At))
	p.SetDoubleValue(seconds)
	if s.Trace != [16]byte{} {
		x := p.Exemplars().AppendEmpty()
		x.SetTraceID(s.Trace)
		x.SetSpanID(s.Span)
		x.SetTimestamp(pcommon.Timestamp(s.At))
		x.SetDoubleValue(seconds)
	}
	putSighting(s, p.Attributes())
}

// PutEvidence writes how much speaks against a token, and how much an alert asks for.
func (w *UsageWriter) PutEvidence(token string, outbound bool, at int64, standing behavior.Standing) {
	if w.evidence == (pmetric.NumberDataPointSlice{}) {
		w.evidence = w.gauge(MetricEvidence, "{nat}", "How much speaks against the token.")
		w.threshold = w.gauge(MetricEvidenceThreshold, "{nat}", "How much of it an alert asks for.")
	}
	put := func(points pmetric.NumberDataPointSlice, nats float64) {
		p := points.AppendEmpty()
		p.SetTimestamp(pcommon.Timestamp(at))
		p.SetDoubleValue(nats)
		attrs := p.Attributes()
		attrs.PutStr(TokenID, token)
		attrs.PutStr(TokenDirection, direction(outbound))
		attrs.PutStr(EvidenceState, standing.State.String())
	}
	put(w.evidence, standing.Nats)
	put(w.threshold, standing.Limit)
}

func (w *UsageWriter) gauge(name, unit, description string) pmetric.NumberDataPointSlice {
	return describe(w.metrics, name, unit, description).SetEmptyGauge().DataPoints()
}

func putSighting(s *usage.Sighting, attrs pcommon.Map) {
	attrs.EnsureCapacity(24)
	attrs.PutStr(TokenID, s.Token)
	attrs.PutStr(TokenDirection, direction(s.Outbound))
	putSome(attrs, TokenHint, s.Hint)
	putSome(attrs, TokenType, s.Type)
	putSome(attrs, TokenRegistryID, s.Registry)
	putSome(attrs, TokenOwnerID, s.OwnerID)
	putSome(attrs, TokenOwnerName, s.OwnerName)
	putSome(attrs, TokenOwnerTeam, s.OwnerTeam)
	putSome(attrs, TokenTenant, s.Tenant)
	putSome(attrs, TokenStatus, s.Status)
	putSome(attrs, EnvironmentName, s.Environment)
	putSome(attrs, GeoCountry, s.Country)
	putNetwork(s.Network, attrs)
	putSome(attrs, UserAgentName, s.Client)
	putSome(attrs, HTTPMethod, s.Method)
	putSome(attrs, HTTPRoute, s.Route)
	putSome(attrs, ServiceName, s.Service)
	putSome(attrs, ServiceVersion, s.Version)
	d := s.Details
	if d == nil {
		return
	}
	putSome(attrs, TokenFormat, d.Format)
	putSome(attrs, TokenOwnerType, d.OwnerType)
	putSome(attrs, TokenExpiresAt, d.ExpiresAt)
	putTexts(attrs, TokenScopes, d.Scopes)
	for _, tag := range d.Tags {
		attrs.PutStr(TokenTagsPrefix+tag.Key, tag.Value)
	}
}
