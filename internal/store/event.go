package store

import (
	"encoding/json"
	"time"
)

// Kinds of events.
const (
	EventAnomaly  = "anomaly"
	EventBaseline = "baseline" // the latest of a token is kept beside the others
	EventAuth     = "auth"
)

// Event is what happened to a token. One with the ID of another is the same: it replaces it.
type Event struct {
	ID         string          `json:"id"`
	Time       time.Time       `json:"time"`
	Kind       string          `json:"kind"`
	Token      string          `json:"token,omitempty"`
	Direction  string          `json:"direction,omitempty"`
	Owner      string          `json:"owner,omitempty"`
	Team       string          `json:"team,omitempty"`
	Tenant     string          `json:"tenant,omitempty"`
	Severity   string          `json:"severity,omitempty"` // WARN, ERROR, FATAL
	Name       string          `json:"name,omitempty"`     // the detector; or what the auth event tells
	Body       string          `json:"body,omitempty"`
	Trace      string          `json:"trace,omitempty"`
	Attributes json.RawMessage `json:"attributes,omitempty"` // an object: all attributes as they came
}

// EventQuery asks for events, the latest first.
type EventQuery struct {
	Filter     TokenFilter
	Kinds      []string
	Names      []string
	Severities []string
	From, To   time.Time
	IDs        []string
	Limit      int
	Cursor     string
}

// EventPage is a part of the events that were asked for.
type EventPage struct {
	Events []Event
	Next   string
}

// Kinds of journal entries: the part of an event's name after api_token.
const (
	EntryFeedback = "feedback"
	EntryApproval = "approval"
	EntryResponse = "response"
	EntryAudit    = "audit"
)

// Entry is something that was said or decided, on its way to the pipelines, and kept as long as the audit is.
type Entry struct {
	Sequence   uint64          `json:"sequence"` // set by Append
	Time       time.Time       `json:"time"`
	Kind       string          `json:"kind"`
	Token      string          `json:"token,omitempty"`
	By         string          `json:"by,omitempty"`
	Body       string          `json:"body,omitempty"`
	Attributes json.RawMessage `json:"attributes,omitempty"`
}
