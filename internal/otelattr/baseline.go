package otelattr

import (
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
)

// PutBaseline writes what has been learned of a token into an empty log record: at the end of a day, or beside the anomaly that is its cause.
func PutBaseline(l *behavior.Life, cause *anomaly.Event, observed pcommon.Timestamp, log plog.LogRecord) {
	at := pcommon.NewTimestampFromTime(time.Unix((int64(l.Day)+1)*86400, 0)) - 1
	id := anomaly.NewID(l.Key(), "baseline", int64(l.Day), 0)
	if cause != nil {
		at, id = pcommon.Timestamp(cause.Time), anomaly.NewID(l.Key(), anomaly.Detector("baseline "+cause.ID), int64(l.Day), 0)
	}
	log.SetEventName(EventBaseline)
	log.SetTimestamp(at)
	log.SetObservedTimestamp(observed)
	log.SetSeverityNumber(plog.SeverityNumberInfo)
	log.SetSeverityText("INFO")
	log.Body().SetStr(fmt.Sprintf("%d requests on %d days: %.0f on a usual day, %.0f to %.0f on four in five.",
		l.Requests, l.Days, l.PerDay.Median, l.PerDay.Low, l.PerDay.High))

	attrs := log.Attributes()
	attrs.EnsureCapacity(20)
	attrs.PutStr(BaselineID, id)
	putToken(l.Token, attrs)
	if cause != nil {
		attrs.PutStr(AnomalyID, cause.ID)
		putSome(attrs, EnvironmentName, cause.Trigger.Environment)
	}
	attrs.PutInt(BaselineDays, int64(l.Days))
	attrs.PutInt(BaselineRequests, int64(l.Requests))
	attrs.PutStr(BaselineState, l.State.String())
	perDay := attrs.PutEmptyMap(BaselinePerDay)
	perDay.PutDouble(BaselineLow, rounded(l.PerDay.Low))
	perDay.PutDouble(BaselineMedian, rounded(l.PerDay.Median))
	perDay.PutDouble(BaselineHigh, rounded(l.PerDay.High))
	hours := attrs.PutEmptySlice(BaselineHours)
	hours.EnsureCapacity(len(l.Hours))
	for _, share := range l.Hours {
		hours.AppendEmpty().SetDouble(rounded(share))
	}
	putHabits(attrs, BaselineRoutes, l.Routes)
	putHabits(attrs, BaselineCountries, l.Countries)
	putHabits(attrs, BaselineNetworks, l.Networks)
	putHabits(attrs, BaselineClients, l.Clients)
}

func putHabits(attrs pcommon.Map, name string, habits []behavior.Habit) {
	list := attrs.PutEmptySlice(name)
	list.EnsureCapacity(len(habits))
	for i := range habits {
		h := &habits[i]
		m := list.AppendEmpty().SetEmptyMap()
		m.PutStr(BaselineValue, h.Value)
		m.PutDouble(BaselineShare, rounded(h.Share))
		if h.Day > 0 {
			m.PutStr(BaselineLast, time.Unix(int64(h.Day)*86400, 0).UTC().Format(time.RFC3339))
		}
	}
}

// rounded has four decimals: what people read, and shorter.
func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }
