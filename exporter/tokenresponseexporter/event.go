package tokenresponseexporter

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/response"
)

const (
	eventNameAttribute     = "event.name" // where the name of an event stood before log records had a field for it
	userAgentNameAttribute = "user_agent.name"
	ownerPrefix            = "api_token.owner."
)

// nameOf is the name of the event that a log record is.
func nameOf(record plog.LogRecord) string {
	if name := record.EventName(); name != "" {
		return name
	}
	if name, ok := record.Attributes().Get(eventNameAttribute); ok {
		return name.AsString()
	}
	return ""
}

// severityOf is what the record's severity means; one that is not set is the mildest.
func severityOf(record plog.LogRecord) response.Severity {
	switch n := record.SeverityNumber(); {
	case n >= plog.SeverityNumberFatal:
		return response.Fatal
	case n >= plog.SeverityNumberError:
		return response.Error
	}
	return response.Warn
}

// describe turns an anomaly's log record into the domain's event.
func describe(e event) response.Event {
	var out response.Event
	for name, value := range e.resource.Resource().Attributes().All() {
		put(&out, name, value)
	}
	for name, value := range e.record.Attributes().All() {
		if !put(&out, name, value) && value.Type() != pcommon.ValueTypeEmpty {
			if out.Attributes == nil {
				out.Attributes = make(map[string]any)
			}
			out.Attributes[name] = finite(value.AsRaw())
		}
	}
	at := e.record.Timestamp()
	if at == 0 {
		at = e.record.ObservedTimestamp()
	}
	if at != 0 {
		out.Time = at.AsTime().UTC().Format(time.RFC3339Nano)
	}
	if id := e.record.TraceID(); !id.IsEmpty() {
		out.TraceID = id.String()
	}
	if id := e.record.SpanID(); !id.IsEmpty() {
		out.SpanID = id.String()
	}
	out.Severity = severityOf(e.record).String()
	out.Sentence = e.record.Body().AsString()
	if !usable(out.ID) {
		out.ID = derive(out)
	}
	return out
}

// usable says whether an id can stand in a header.
func usable(id string) bool {
	return id != "" && len(id) <= 255 && !strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c >= 0x7f })
}

// derive makes an id for an event that has none: the same for the same event.
func derive(e response.Event) string {
	e.ID = ""
	text, err := json.Marshal(e)
	if err != nil { // what cannot be written was left out
		text = []byte(e.Token.ID + e.Detector + e.Time)
	}
	sum := sha256.Sum256(text)
	return "evt_" + hex.EncodeToString(sum[:16])
}

// put writes an attribute to its place in the event; false: it has none.
func put(e *response.Event, name string, value pcommon.Value) bool {
	if place := textPlace(e, name); place != nil {
		*place = value.AsString()
		return true
	}
	switch name {
	case otelattr.AnomalyScore:
		e.Score = number(value)
	case otelattr.AnomalyLimit:
		e.Threshold = number(value)
	case otelattr.AnomalyEvidence:
		e.Evidence = evidence(value)
	case otelattr.HTTPStatus:
		e.Trigger.StatusCode = value.Int()
	case otelattr.TokenScopes:
		e.Token.Scopes = texts(value)
	case otelattr.ClientASNumber:
		if e.Trigger.Network == "" {
			e.Trigger.Network = "AS" + value.AsString()
		}
	case eventNameAttribute:
	default:
		return putNamed(e, name, value)
	}
	return true
}

// putNamed writes attributes that belong to a family of names.
func putNamed(e *response.Event, name string, value pcommon.Value) bool {
	if tag, ok := strings.CutPrefix(name, otelattr.TokenTagsPrefix); ok {
		if e.Token.Tags == nil {
			e.Token.Tags = make(map[string]string)
		}
		e.Token.Tags[tag] = value.AsString()
		return true
	}
	if strings.HasPrefix(name, ownerPrefix) {
		owner := e.Token.Owner
		if owner == nil {
			owner = &response.Owner{}
		}
		if place := ownerPlace(owner, name); place != nil {
			*place, e.Token.Owner = value.AsString(), owner
			return true
		}
	}
	if name == otelattr.SecurityRuleName || name == otelattr.SecurityRuleCategory {
		if e.SecurityRule == nil {
			e.SecurityRule = &response.SecurityRule{}
		}
		if name == otelattr.SecurityRuleName {
			e.SecurityRule.Name = value.AsString()
		} else {
			e.SecurityRule.Category = value.AsString()
		}
		return true
	}
	return false
}

func ownerPlace(o *response.Owner, name string) *string {
	switch name {
	case otelattr.TokenOwnerID:
		return &o.ID
	case otelattr.TokenOwnerName:
		return &o.Name
	case otelattr.TokenOwnerType:
		return &o.Type
	case otelattr.TokenOwnerTeam:
		return &o.Team
	}
	return nil
}

// textPlace is where a textual attribute goes, nil if it has no place of its own.
func textPlace(e *response.Event, name string) *string {
	switch name {
	case otelattr.AnomalyID:
		return &e.ID
	case otelattr.AnomalyDetector:
		return &e.Detector
	case otelattr.AnomalyAction:
		return &e.SuggestedAction
	case otelattr.ThreatTechniqueID:
		return &e.Technique
	case otelattr.TokenID:
		return &e.Token.ID
	case otelattr.TokenHint:
		return &e.Token.Hint
	case otelattr.TokenRegistryID:
		return &e.Token.RegistryID
	case otelattr.TokenFingerprint:
		return &e.Token.Fingerprint
	case otelattr.TokenType:
		return &e.Token.Type
	case otelattr.TokenFormat:
		return &e.Token.Format
	case otelattr.TokenDirection:
		return &e.Token.Direction
	case otelattr.TokenStatus:
		return &e.Token.Status
	case otelattr.TokenIssuer:
		return &e.Token.Issuer
	case otelattr.TokenClientID:
		return &e.Token.ClientID
	case otelattr.TokenExpiresAt:
		return &e.Token.ExpiresAt
	case otelattr.ServiceName:
		return &e.Trigger.Service
	case otelattr.ServiceVersion:
		return &e.Trigger.Version
	case otelattr.EnvironmentName, otelattr.OldEnvironment:
		return &e.Trigger.Environment
	case otelattr.HTTPMethod:
		return &e.Trigger.Method
	case otelattr.HTTPRoute:
		return &e.Trigger.Route
	case otelattr.GeoCountry:
		return &e.Trigger.Country
	case otelattr.ClientASOrg:
		return &e.Trigger.Network
	case otelattr.ClientAddress:
		return &e.Trigger.ClientAddress
	case otelattr.UserAgent, userAgentNameAttribute:
		return &e.Trigger.Client
	}
	return nil
}

// number is a value that JSON can write, nil if there is none.
func number(value pcommon.Value) *float64 {
	var n float64
	switch value.Type() {
	case pcommon.ValueTypeDouble:
		n = value.Double()
	case pcommon.ValueTypeInt:
		n = float64(value.Int())
	default:
		return nil
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return nil
	}
	return &n
}

func texts(value pcommon.Value) []string {
	if value.Type() != pcommon.ValueTypeSlice {
		return strings.Fields(value.AsString())
	}
	var all []string
	for _, v := range value.Slice().All() {
		all = append(all, v.AsString())
	}
	return all
}

func evidence(value pcommon.Value) (all []response.Evidence) {
	if value.Type() != pcommon.ValueTypeSlice {
		return nil
	}
	for _, v := range value.Slice().All() {
		if v.Type() != pcommon.ValueTypeMap {
			continue
		}
		var piece response.Evidence
		for name, field := range v.Map().All() {
			switch name {
			case otelattr.EvidenceFacet:
				piece.Facet = field.AsString()
			case otelattr.EvidenceObserved:
				piece.Observed = field.AsString()
			case otelattr.EvidenceExpected:
				piece.Expected = field.AsString()
			case otelattr.EvidenceNats:
				piece.Nats = number(field)
			case otelattr.EvidenceSamples:
				piece.Samples = field.Int()
			case otelattr.EvidenceAge:
				if age := number(field); age != nil {
					piece.BaselineAge = *age
				}
			case otelattr.EvidenceOthers:
				piece.OwnerTokens = field.Int()
			case otelattr.EvidenceOthersSame:
				same := field.Int()
				piece.OwnerTokensSame = &same
			case otelattr.EvidenceOthersMostly:
				piece.OwnerTokensMostly = field.AsString()
			}
		}
		all = append(all, piece)
	}
	return all
}

// finite replaces what JSON cannot write.
func finite(value any) any {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
	case map[string]any:
		for name, inner := range v {
			v[name] = finite(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = finite(inner)
		}
	}
	return value
}
