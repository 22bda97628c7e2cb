package baseline

// Hours is a profile of 48 bins: hour of the day (UTC) by weekday and weekend.
type Hours struct {
	count [48]float32
	total float32
}

// HourBin is the bin of an event time in unix seconds.
func HourBin(unix int64) int {
	hour := int(unix / 3600 % 24)
	if day := (unix/86400 + 4) % 7; day == 0 || day == 6 {
		return 24 + hour
	}
	return hour
}

var (
	hourKernel = [5]float32{0.1, 0.2, 0.4, 0.2, 0.1} // neighbouring hours vouch for each other
	otherKind  = float32(0.3)                        // and weekdays for weekends, less
)

// HourMass is what all bins together vouch for one request that was learned.
const HourMass = 1.3

// HourNearness is how much a request in one bin vouches for another.
func HourNearness(bin, other int) float32 {
	apart := (other - bin + 48) % 24
	if apart > 12 {
		apart = 24 - apart
	}
	if apart > 2 {
		return 0
	}
	near := hourKernel[2+apart]
	if bin/24 != other/24 {
		near *= otherKind
	}
	return near
}

const hourPrior = 8 // pseudo-counts on everyone's profile

// P is the predictive probability of a bin that everyone uses with frequency g.
func (h *Hours) P(bin int, g float64) float64 {
	kind, hour := bin/24*24, bin%24
	other := 24 - kind
	var near float32
	for i, k := range hourKernel {
		at := (hour + i + 22) % 24
		near += k * (h.count[kind+at] + otherKind*h.count[other+at])
	}
	return (float64(near) + hourPrior*g) / (float64(1+otherKind)*float64(h.total) + hourPrior)
}

// Learn counts one request.
func (h *Hours) Learn(bin int, weight float32) { h.count[bin] += weight; h.total += weight }

// Shares are those of the bins in all that was learned.
func (h *Hours) Shares() (shares [48]float64) {
	if h.total <= 0 {
		return shares
	}
	for bin, n := range h.count {
		shares[bin] = float64(n / h.total)
	}
	return shares
}

// Decay multiplies all counts by factor, a number in (0, 1].
func (h *Hours) Decay(factor float32) {
	for i := range h.count {
		h.count[i] *= factor
	}
	h.total *= factor
}

// Busy returns the shortest run of hours of the day that holds the given share of the requests, as [from, to) in UTC; the whole
// day while nothing is learned.
func (h *Hours) Busy(share float32) (from, to int) {
	if h.total == 0 {
		return 0, 24
	}
	for width := 1; width < 24; width++ {
		best, at := float32(0), 0
		for start := range 24 {
			var sum float32
			for i := range width {
				hour := (start + i) % 24
				sum += h.count[hour] + h.count[24+hour]
			}
			if sum > best {
				best, at = sum, start
			}
		}
		if best >= share*h.total {
			return at, (at + width) % 24
		}
	}
	return 0, 24
}
