package sim

import (
	"math"
	"time"
)

// rhythm is when a client is busy: the hours of its own day, its weekends and its public holidays.
type rhythm struct {
	zone    *time.Location
	hours   [24]float64 // shares of a usual day
	weekend float64     // volume of a Saturday or Sunday, as a share of a weekday's
	country *Country    // whose holidays; they are like weekends
}

// share is the part of a usual weekday's volume that falls into the hour from t on.
func (r *rhythm) share(t time.Time) float64 {
	local := t.In(r.zone)
	s := r.hours[local.Hour()]
	if wd := local.Weekday(); wd == time.Saturday || wd == time.Sunday || r.country.holiday(local) {
		s *= r.weekend
	}
	return s
}

// asleep tells whether t is an hour in which next to nothing of a day's volume falls.
func (r *rhythm) asleep(t time.Time) bool { return r.hours[t.In(r.zone).Hour()] < .002 }

// desk are the hours of somebody who begins at start and stays for about length hours, with a break in the middle.
func desk(start, length float64) [24]float64 {
	return hours(func(h float64) float64 {
		in, out := logistic((h-start)*3), logistic((start+length-h)*3)
		lunch := 1 - .45*bell(h, start+length/2, .7)
		return in * out * lunch
	})
}

// leisure are the hours of a consumer: something in the morning, most of it in the evening.
func leisure(shift float64) [24]float64 {
	return hours(func(h float64) float64 {
		return .05*bell(h, 3+shift, 6) + .5*bell(h, 8+shift, 1.5) + .6*bell(h, 12.5+shift, 2) + bell(h, 20+shift, 2.2)
	})
}

// server are the hours of a machine that works around the clock and follows its own customers' day by the given part.
func server(diurnal, peak float64) [24]float64 {
	return hours(func(h float64) float64 { return 1 - diurnal + diurnal*bell(h, peak, 4)*2 })
}

func hours(weight func(hour float64) float64) (out [24]float64) {
	var sum float64
	for h := range out {
		out[h] = max(0, weight(float64(h)+.5))
		sum += out[h]
	}
	for h := range out {
		out[h] /= sum
	}
	return out
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// bell is a Gaussian around the clock: 23:00 is near 01:00.
func bell(h, centre, width float64) float64 {
	d := math.Abs(math.Mod(h-centre, 24))
	d = min(d, 24-d)
	return math.Exp(-d * d / (2 * width * width))
}

// timer is a job that runs by the clock, such as a synchronisation every quarter of an hour.
type timer struct {
	every  time.Duration
	offset time.Duration
	jitter time.Duration
}

// monthEnd is a batch for the books: on the last day of a month and the two days after it.
type monthEnd struct {
	hour int // local
	size float64
}

// due tells whether the batch runs in the hour from t on (local time), and how large it is on that day.
func (m *monthEnd) due(local time.Time) (float64, bool) {
	if local.Hour() != m.hour {
		return 0, false
	}
	switch tomorrow := local.AddDate(0, 0, 1); {
	case tomorrow.Day() == 1:
		return m.size, true
	case local.Day() == 1:
		return m.size * .6, true
	case local.Day() == 2:
		return m.size * .2, true
	default:
		return 0, false
	}
}

// span is a stretch of time.
type span struct{ from, to time.Time }

func (s span) covers(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }
