package demo

import (
	"math"
	"strings"
	"time"
)

// The strip is the stolen key's heartbeat over its last week: the owner's requests above, the thief's below.
const (
	stripDays = 7
	cellHours = 3
	perDay    = 24 / cellHours
)

var beats = []rune("▂▃▄▅▆▇█")

// strip draws the week that ends with the given moment, by the owner's own clock. The thief's row stands in red if colour is
// wanted.
func (t *theft) strip(end time.Time, zone *time.Location, colour bool) []string {
	local := end.In(zone)
	first := time.Date(local.Year(), local.Month(), local.Day()-stripDays+1, 0, 0, 0, 0, zone)
	var axis strings.Builder
	var own, hostile [stripDays * perDay]int
	top := 1
	for d := range stripDays {
		today := first.AddDate(0, 0, d)
		axis.WriteString(pad(today.Format("Mon 2"), perDay))
		for h := range 24 {
			at := today.Add(time.Duration(h) * time.Hour)
			cell := d*perDay + h/cellHours
			own[cell] += t.own[at.Unix()/3600]
			hostile[cell] += t.hostile[at.Unix()/3600]
			top = max(top, own[cell], hostile[cell])
		}
	}
	thief := row(hostile[:], top, ' ')
	if colour {
		thief = "\x1b[31m" + thief + "\x1b[0m"
	}
	return []string{"         " + axis.String(), "  owner  " + row(own[:], top, '▁'), "  thief  " + thief}
}

// row draws counts as beats, and nothing as rest. The scale is a square root, so that few requests are seen beside many.
func row(counts []int, top int, rest rune) string {
	var b strings.Builder
	for _, n := range counts {
		beat := rest
		if n > 0 {
			beat = beats[int(math.Sqrt(float64(n)/float64(top))*float64(len(beats)-1))]
		}
		b.WriteRune(beat)
	}
	return b.String()
}

func pad(s string, width int) string { return s + strings.Repeat(" ", max(0, width-len(s))) }
