package otelattr

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/store"
)

// EventAuthPrefix begins the names of events about the life of a token: api_token.auth.issued, .refreshed, .refused, .rotated.
const EventAuthPrefix = "api_token.auth."

// eventName is where the name of an event stood before log records had a field for it.
const eventName = "event.name"

// longestAttributes bounds what is kept of one event.
const longestAttributes = 1 << 20

// addresses are attributes that hold an address of somebody.
var addresses = []string{
	ClientAddress, OldHTTPClientIP, "source.address", "network.peer.address", "net.peer.ip", "net.sock.peer.addr", "client.socket.address",
}

// StoredEvents reads anomalies, baselines and auth events out of log records.
func StoredEvents(ld plog.Logs) ([]store.Event, Unread) {
	var events []store.Event
	var unread Unread
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				kind, name := kindOf(log)
				if kind == "" {
					unread.Foreign++
					continue
				}
				event, err := storedEvent(kind, name, resource.Resource().Attributes(), log)
				if err != nil {
					unread.malformed(fmt.Errorf("%s: %w", name, err))
					continue
				}
				events = append(events, event)
			}
		}
	}
	return events, unread
}

// kindOf is the kind of event that a log record is, empty if it is none, and its name.
func kindOf(log plog.LogRecord) (kind, name string) {
	if name = log.EventName(); name == "" {
		name = textOf(log.Attributes(), eventName)
	}
	switch {
	case name == EventAnomaly:
		return store.EventAnomaly, name
	case name == EventBaseline:
		return store.EventBaseline, name
	case strings.HasPrefix(name, EventAuthPrefix):
		return store.EventAuth, name
	}
	return "", name
}

func storedEvent(kind, name string, resource pcommon.Map, log plog.LogRecord) (store.Event, error) {
	e := store.Event{Kind: kind, Body: log.Body().AsString(), Severity: severityText(log.SeverityNumber())}
	at := log.Timestamp()
	if at == 0 {
		at = log.ObservedTimestamp()
	}
	if at == 0 {
		return e, errNoTime
	}
	e.Time = at.AsTime()
	if !log.TraceID().IsEmpty() {
		e.Trace = log.TraceID().String()
	}
	all := pcommon.NewMap()
	resource.CopyTo(all)
	for key, v := range log.Attributes().All() {
		v.CopyTo(all.PutEmpty(key))
	}
	e.Token, e.Direction = textOf(all, TokenID), textOf(all, TokenDirection)
	e.Owner, e.Team, e.Tenant = textOf(all, TokenOwnerID), textOf(all, TokenOwnerTeam), textOf(all, TokenTenant)
	switch kind {
	case store.EventAnomaly:
		e.ID, e.Name = textOf(all, AnomalyID), textOf(all, AnomalyDetector)
	case store.EventAuth:
		e.Name = strings.TrimPrefix(name, EventAuthPrefix)
	case store.EventBaseline:
		e.ID = textOf(all, BaselineID)
		if e.Token == "" {
			return e, fmt.Errorf("no %s", TokenID)
		}
	}
	all.Remove(eventName)
	for _, key := range addresses {
		if v, ok := all.Get(key); ok {
			v.SetStr(keptNetwork(v.AsString()))
		}
	}
	attributes, err := json.Marshal(written(all.AsRaw()))
	if err != nil {
		return e, err
	}
	if len(attributes) > longestAttributes {
		return e, fmt.Errorf("%d bytes of attributes, at most %d are kept", len(attributes), longestAttributes)
	}
	e.Attributes = attributes
	if e.ID == "" {
		e.ID = derivedID(&e)
	}
	return e, nil
}

// severityText is what a severity means for the reader; empty: nothing to look at.
func severityText(n plog.SeverityNumber) string {
	switch {
	case n >= plog.SeverityNumberFatal:
		return "FATAL"
	case n >= plog.SeverityNumberError:
		return "ERROR"
	case n >= plog.SeverityNumberWarn:
		return "WARN"
	}
	return ""
}

// derivedID is an id for an event that has none: the same for the same event.
func derivedID(e *store.Event) string {
	h := sha256.New()
	for _, part := range []string{e.Kind, e.Name, e.Token, e.Direction, e.Time.Format(time.RFC3339Nano), e.Body, string(e.Attributes)} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return "evt_" + hex.EncodeToString(h.Sum(nil)[:16])
}

// written is a value as JSON can write it.
func written(value any) any {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case map[string]any:
		for key := range v {
			v[key] = written(v[key])
		}
	case []any:
		for i := range v {
			v[i] = written(v[i])
		}
	}
	return value
}

// PutEntry writes an entry of the journal into an empty log record.
func PutEntry(e *store.Entry, log plog.LogRecord) error {
	log.SetEventName(EventPrefix + e.Kind)
	at := pcommon.NewTimestampFromTime(e.Time)
	log.SetTimestamp(at)
	log.SetObservedTimestamp(at)
	log.SetSeverityNumber(plog.SeverityNumberInfo)
	log.SetSeverityText("INFO")
	if e.Body != "" {
		log.Body().SetStr(e.Body)
	}
	attrs := log.Attributes()
	if len(e.Attributes) > 0 {
		raw, err := attributesOf(e.Attributes)
		if err != nil {
			return err
		}
		if err := attrs.FromRaw(raw); err != nil {
			return err
		}
	}
	putSome(attrs, TokenID, e.Token)
	putSome(attrs, JournalBy, e.By)
	attrs.PutInt(JournalSequence, int64(e.Sequence))
	if _, said := attrs.Get(FeedbackBy); e.Kind == store.EntryFeedback && !said {
		putSome(attrs, FeedbackBy, e.By)
	}
	return nil
}

// attributesOf reads a JSON object, whole numbers as such.
func attributesOf(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var raw map[string]any
	if err := decoder.Decode(&raw); err != nil {
		return nil, fmt.Errorf("attributes: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("attributes: more than one object")
	}
	for key := range raw {
		raw[key] = counted(raw[key])
	}
	return raw, nil
}

func counted(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		n, _ := v.Float64() // what is too large is infinite
		return n
	case map[string]any:
		for key := range v {
			v[key] = counted(v[key])
		}
	case []any:
		list := slices.Clone(v)
		for i := range list {
			list[i] = counted(list[i])
		}
		return list
	}
	return value
}
