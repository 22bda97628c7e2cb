package embedded

import (
	"fmt"
	"time"
)

// level is how finely time is told apart.
type level uint8

const (
	minutes level = iota
	hours
	days
	levels
)

func (l level) String() string { return [...]string{"minutes", "hours", "days"}[l] }

// unit is how many minutes one row of the level stands for.
func (l level) unit() int64 { return [...]int64{1, 60, 1440}[l] }

func (l level) width() time.Duration { return time.Duration(l.unit()) * time.Minute }

// codec is what blocks of the level are compressed with.
func (l level) codec() codec {
	if l == minutes {
		return small
	}
	return quick
}

// bucket is the hour, day or month that a row of some time belongs to, in the unit of its level.
func (l level) bucket(at uint32) int64 {
	switch l {
	case minutes:
		return int64(at) / 60
	case hours:
		return int64(at) / 24
	default:
		day := time.Unix(int64(at)*86400, 0).UTC()
		return int64(day.Year())*12 + int64(day.Month()) - 1
	}
}

// start is when a bucket begins, in minutes.
func (l level) start(bucket int64) int64 {
	switch l {
	case minutes:
		return bucket * 60
	case hours:
		return bucket * 1440
	default:
		return time.Date(int(bucket/12), time.Month(bucket%12+1), 1, 0, 0, 0, 0, time.UTC).Unix() / 60
	}
}

// end is when the one after it begins.
func (l level) end(bucket int64) int64 { return l.start(bucket + 1) }

// file is what a chunk is called.
func (l level) file(bucket, chunk int64) string {
	layout := [...]string{"20060102T15", "20060102", "200601"}[l]
	return fmt.Sprintf("%s/%s-%06d.facts", l, time.Unix(l.start(bucket)*60, 0).UTC().Format(layout), chunk)
}
