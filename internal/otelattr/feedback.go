package otelattr

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/behavior"
)

// longestText bounds what is taken over from a person's text.
const longestText = 256

// FeedbackOf reads an api_token.feedback event. ok is false for any other record; an error says what is wrong with one.
func FeedbackOf(log plog.LogRecord) (f behavior.Feedback, ok bool, err error) {
	if log.EventName() != EventFeedback {
		return f, false, nil
	}
	f.Time = int64(log.Timestamp())
	if f.Time == 0 {
		f.Time = int64(log.ObservedTimestamp())
	}
	verdict := ""
	for k, v := range log.Attributes().All() {
		switch k {
		case TokenID:
			f.Token = shortText(v)
		case TokenDirection:
			f.Outbound = v.AsString() == DirectionOutbound
		case FeedbackVerdict:
			verdict = shortText(v)
		case FeedbackFacet:
			f.Facet = shortText(v)
		case FeedbackValue:
			f.Value = shortText(v)
		case FeedbackBy:
			f.By = shortText(v)
		case FeedbackTTL:
			if f.TTL, err = ttlOf(v); err != nil {
				return f, true, err
			}
		}
	}
	if f.Verdict, err = behavior.VerdictOf(verdict); err != nil {
		return f, true, fmt.Errorf("%s: %w", FeedbackVerdict, err)
	}
	return f, true, nil
}

// ttlOf reads a number of seconds, or a duration such as 720h.
func ttlOf(v pcommon.Value) (time.Duration, error) {
	const most = 100 * 365 * 24 * 3600 // seconds
	switch v.Type() {
	case pcommon.ValueTypeInt:
		if n := v.Int(); n > 0 && n <= most {
			return time.Duration(n) * time.Second, nil
		}
	case pcommon.ValueTypeDouble:
		if n := v.Double(); n > 0 && n <= most {
			return time.Duration(n * float64(time.Second)), nil
		}
	default:
		if d, err := time.ParseDuration(v.AsString()); err == nil && d > 0 {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%s: %q: write a number of seconds, or a duration such as 720h", FeedbackTTL, shortText(v))
}

func shortText(v pcommon.Value) string {
	s := v.AsString()
	return s[:min(len(s), longestText)]
}
