package otelattr

import (
	"encoding/hex"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/anomaly"
)

// severities of anomaly events, by what they mean for the reader.
var severities = [...]struct {
	number plog.SeverityNumber
	text   string
}{
	anomaly.Look:      {plog.SeverityNumberWarn, "WARN"},
	anomaly.Act:       {plog.SeverityNumberError, "ERROR"},
	anomaly.Confirmed: {plog.SeverityNumberFatal, "FATAL"},
}

// PutAnomaly writes an event into an empty log record. Its timestamp is event time; observed is when Holter noticed.
func PutAnomaly(e *anomaly.Event, observed pcommon.Timestamp, log plog.LogRecord) {
	log.SetEventName(EventAnomaly)
	log.SetTimestamp(pcommon.Timestamp(e.Time))
	log.SetObservedTimestamp(observed)
	severity := severities[min(int(e.Severity), len(severities)-1)]
	log.SetSeverityNumber(severity.number)
	log.SetSeverityText(severity.text)
	log.SetTraceID(e.Trace)
	log.SetSpanID(e.Span)
	log.Body().SetStr(e.Sentence)

	attrs := log.Attributes()
	attrs.EnsureCapacity(32)
	attrs.PutStr(AnomalyID, e.ID)
	attrs.PutStr(AnomalyDetector, string(e.Detector))
	attrs.PutDouble(AnomalyScore, e.Score)
	attrs.PutDouble(AnomalyLimit, e.Limit)
	attrs.PutStr(AnomalyAction, string(e.Action))
	putEvidence(e.Evidence, attrs.PutEmptySlice(AnomalyEvidence))
	if rule, ok := anomaly.RuleOf(e.Detector); ok {
		attrs.PutStr(SecurityRuleName, rule.Name)
		attrs.PutStr(SecurityRuleCategory, rule.Category)
		putSome(attrs, ThreatTechniqueID, rule.Technique)
	}
	if len(e.Tokens) > 0 {
		list := attrs.PutEmptySlice(AnomalyTokens)
		list.EnsureCapacity(len(e.Tokens))
		for _, id := range e.Tokens {
			list.AppendEmpty().SetStr(id)
		}
	}
	if len(e.Examples) > 0 {
		list := attrs.PutEmptySlice(AnomalyTraces)
		list.EnsureCapacity(len(e.Examples))
		for _, trace := range e.Examples {
			list.AppendEmpty().SetStr(hex.EncodeToString(trace[:]))
		}
	}
	if e.Remedy.ID != "" {
		attrs.PutStr(ActID, e.Remedy.ID)
		putSome(attrs, ActAction, e.Remedy.Action)
		putSome(attrs, ActTarget, e.Remedy.Target)
	}
	putToken(e.Token, attrs)
	putTrigger(e.Trigger, attrs)
}

func putEvidence(evidence []anomaly.Evidence, list pcommon.Slice) {
	list.EnsureCapacity(len(evidence))
	for _, e := range evidence {
		m := list.AppendEmpty().SetEmptyMap()
		m.PutStr(EvidenceFacet, e.Facet)
		m.PutStr(EvidenceObserved, e.Observed)
		m.PutStr(EvidenceExpected, e.Expected)
		m.PutDouble(EvidenceNats, e.Nats)
		m.PutInt(EvidenceSamples, int64(e.Samples))
		m.PutDouble(EvidenceAge, e.Age.Seconds())
		if e.Others.Tokens > 0 {
			m.PutInt(EvidenceOthers, int64(e.Others.Tokens))
			m.PutInt(EvidenceOthersSame, int64(e.Others.Same))
			putSome(m, EvidenceOthersMostly, e.Others.Mostly)
		}
	}
}

func putToken(t anomaly.Token, attrs pcommon.Map) {
	putSome(attrs, TokenTenant, t.Tenant)
	if t.ID == "" {
		return
	}
	attrs.PutStr(TokenID, t.ID)
	attrs.PutStr(TokenDirection, direction(t.Outbound))
	putSome(attrs, TokenHint, t.Hint)
	putSome(attrs, TokenType, t.Type)
	putSome(attrs, TokenRegistryID, t.Registry)
	putSome(attrs, TokenOwnerID, t.OwnerID)
	putSome(attrs, TokenOwnerName, t.OwnerName)
	putSome(attrs, TokenOwnerTeam, t.OwnerTeam)
}

// direction is the value of TokenDirection.
func direction(outbound bool) string {
	if outbound {
		return DirectionOutbound
	}
	return DirectionInbound
}

func putTrigger(t anomaly.Trigger, attrs pcommon.Map) {
	putSome(attrs, ServiceName, t.Service)
	putSome(attrs, ServiceVersion, t.Version)
	putSome(attrs, EnvironmentName, t.Environment)
	putSome(attrs, HTTPMethod, t.Method)
	putSome(attrs, HTTPRoute, t.Route)
	if t.HTTPStatus > 0 {
		attrs.PutInt(HTTPStatus, int64(t.HTTPStatus))
	}
	putSome(attrs, GeoCountry, t.Country)
	putSome(attrs, UserAgentName, t.Client)
	putNetwork(t.Network, attrs)
}

// putNetwork writes a network as the baselines know it: an autonomous system by its number, anything else as the
// truncated address of the client.
func putNetwork(network string, attrs pcommon.Map) {
	if !putASNumber(network, attrs) {
		putSome(attrs, ClientAddress, network)
	}
}

// putASNumber writes the number of a network that is an autonomous system; false if it is none.
func putASNumber(network string, attrs pcommon.Map) bool {
	digits, ok := strings.CutPrefix(network, "AS")
	if !ok {
		return false
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return false
	}
	attrs.PutInt(ClientASNumber, number)
	return true
}

func putSome(attrs pcommon.Map, key, value string) {
	if value != "" {
		attrs.PutStr(key, value)
	}
}
