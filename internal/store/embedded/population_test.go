package embedded

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// start is when all stories begin.
var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// population draws minutes of tokens, few of which do most, by day more than by night. A token that is awake makes some nine facts a minute.
type population struct {
	random *rand.Rand
	awake  []float64 // probability, at noon
	tokens []store.Token
	lives  []life
}

// life is what a token uses.
type life struct {
	subject         store.Subject
	load            float64
	routes, origins []key
	release, client key
	speed           int32
}

const factsPerMinute = 386 // 50,000,000 in 90 days

func newPopulation(tokens int) *population {
	p := &population{random: rand.New(rand.NewPCG(5, 8))}
	countries := []string{"DE", "NL", "US", "FR", "GB", "IE", "PL", "SE", "JP", "BR"}
	for i := range tokens {
		rank := float64(i + 1)
		owner := p.random.IntN(400)
		l := life{
			subject: store.Subject{Token: fmt.Sprintf("tok_%026d", p.random.Uint64()), Owner: fmt.Sprintf("owner-%03d", owner), Team: fmt.Sprintf("team-%02d", owner%25)},
			load:    1 + 200/rank, speed: int32(p.random.IntN(30)) - 50,
			release: key{first: fmt.Sprintf("service-%d", i%12), second: fmt.Sprintf("1.%d.0", i%3)}, client: key{first: fmt.Sprintf("client-%d", i%20)},
		}
		for range 1 + p.random.IntN(8) {
			if k := (key{first: fmt.Sprintf("GET /v1/resources-%d/{id}", int(math.Pow(p.random.Float64(), 2)*120))}); !slices.Contains(l.routes, k) {
				l.routes = append(l.routes, k)
			}
		}
		for range 1 + p.random.IntN(3) {
			n := p.random.IntN(len(countries))
			if k := (key{first: countries[n], second: fmt.Sprintf("AS%d", 1000+n*10+p.random.IntN(8))}); !slices.Contains(l.origins, k) {
				l.origins = append(l.origins, k)
			}
		}
		p.lives = append(p.lives, l)
		p.awake = append(p.awake, 1/rank)
		p.tokens = append(p.tokens, store.Token{
			ID: l.subject.Token, Hint: fmt.Sprintf("sk_live_…%04d", i), OwnerID: l.subject.Owner, OwnerTeam: l.subject.Team, Direction: "inbound", Environment: "production",
			Tags: map[string]string{"plan": []string{"free", "free", "free", "free", "free", "free", "pro", "pro", "pro", "enterprise"}[p.random.IntN(10)], "customer": fmt.Sprintf("customer-%d", owner%100)},
		})
	}
	// As many are awake on average as make so many facts.
	for scale := 1.0; ; scale *= 1.02 {
		sum := 0.0
		for i := range p.awake {
			sum += min(1, scale/float64(i+1))
		}
		if sum*9.4 > factsPerMinute/0.75 {
			for i := range p.awake {
				p.awake[i] = min(1, scale/float64(i+1))
			}
			break
		}
	}
	p.random.Shuffle(len(p.awake), func(i, j int) {
		p.awake[i], p.awake[j] = p.awake[j], p.awake[i]
		p.lives[i].load, p.lives[j].load = p.lives[j].load, p.lives[i].load
	})
	return p
}

// minute adds what happened in one.
func (p *population) minute(facts []store.Fact, at time.Time) []store.Fact {
	minute := at.Unix() / 60
	day := 0.75 + 0.25*math.Sin(float64(minute%1440)/1440*2*math.Pi-math.Pi/2)
	total := int64(0)
	for i := range p.lives {
		if p.random.Float64() >= p.awake[i]*day {
			continue
		}
		l := &p.lives[i]
		n := 1 + int64(p.random.ExpFloat64()*l.load)
		total += n
		put := func(kind store.Kind, k key, value int64) {
			if value > 0 {
				facts = append(facts, store.Fact{Minute: minute, Kind: kind, Subject: l.subject, First: k.first, Second: k.second, Value: value})
			}
		}
		failed := int64(0)
		if p.random.IntN(10) == 0 {
			failed = 1 + n/50
		}
		put(store.Outcomes, key{first: "success"}, n-failed)
		put(store.Outcomes, key{first: "client_error"}, failed)
		for _, shared := range []struct {
			kind store.Kind
			keys []key
		}{{store.Routes, l.routes}, {store.Origins, l.origins}} {
			left := n
			for i, k := range shared.keys {
				share := min(left, 1+left*3/5)
				if i == len(shared.keys)-1 {
					share = left
				}
				put(shared.kind, k, share)
				left -= share
			}
		}
		put(store.Releases, l.release, n)
		put(store.Clients, l.client, n)
		put(store.Bytes, key{first: "receive"}, n*300+p.random.Int64N(1000))
		put(store.Bytes, key{first: "transmit"}, n*2000+p.random.Int64N(20000))
		h := p.histogram(l.speed, n)
		facts = append(facts, store.Fact{Minute: minute, Kind: store.Durations, Subject: l.subject, Value: n, Histogram: h})
	}
	for i := range 8 {
		facts = append(facts, store.Fact{
			Minute: minute, Kind: store.RouteDurations, First: fmt.Sprintf("GET /v1/resources-%d/{id}", i*i), Second: "success", Value: total / 8, Histogram: p.histogram(-40, total/8),
		})
	}
	return facts
}

// histogram of so many durations, as exact as it can be told apart.
func (p *population) histogram(speed int32, n int64) *store.Histogram {
	counts := map[int32]uint64{}
	tries := min(n, 30)
	lowest, highest, sum := int32(math.MaxInt32), int32(math.MinInt32), 0.0
	for range tries {
		index := speed + int32(p.random.NormFloat64()*5)
		counts[index] += uint64(n / tries)
		lowest, highest = min(lowest, index), max(highest, index)
		sum += math.Exp2((float64(index)+p.random.Float64())/8) * float64(n/tries)
	}
	h := &store.Histogram{Scale: 3, Sum: sum}
	if tries == 0 {
		return h
	}
	h.Offset, h.Counts = lowest, make([]uint64, highest-lowest+1)
	for index, c := range counts {
		h.Counts[index-lowest] = c
	}
	return h
}

// sightings are of all tokens, as last used at some time.
func (p *population) sightings(at time.Time) []store.Sighting {
	all := make([]store.Sighting, len(p.tokens))
	for i := range all {
		all[i].Token = p.tokens[i]
		all[i].Token.LastUse = store.Use{At: at, Country: p.lives[i].origins[0].first, Client: p.lives[i].client.first}
	}
	return all
}

// question is what somebody at the console may ask: of one token, an owner or a tag, in some range of dates, in steps that fit on a screen.
func (p *population) question(random *rand.Rand, from, to time.Time) (string, store.Query) {
	q := store.Query{Limit: 20}
	var what string
	switch n := random.IntN(10); {
	case n < 5:
		what = "token"
		q.Filter.IDs = []string{p.tokens[random.IntN(len(p.tokens))].ID}
	case n < 8:
		what = "tag"
		tag := "customer:customer-" + fmt.Sprint(random.IntN(100))
		if random.IntN(2) == 0 {
			tag = "plan:" + []string{"free", "pro", "enterprise"}[random.IntN(3)]
			what = "plan"
		}
		q.Filter.Tags = []string{tag}
	default:
		what = "owner"
		q.Filter.Owners = []string{fmt.Sprintf("owner-%03d", random.IntN(400))}
	}
	spans := []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour}
	spans = slices.DeleteFunc(spans, func(d time.Duration) bool { return d > to.Sub(from) })
	span := spans[random.IntN(len(spans))]
	q.From = from.Add(time.Duration(random.Int64N(int64(to.Sub(from)-span) + 1))).Truncate(time.Minute)
	q.To = q.From.Add(span)
	for _, q.Step = range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour} {
		if span/q.Step <= 360 {
			break
		}
	}
	kinds := []struct {
		measure store.Measure
		groups  []store.Group
	}{
		{store.MeasureRequests, []store.Group{store.ByNothing, store.ByNothing, store.ByOutcome, store.ByRoute, store.ByCountry, store.ByToken, store.ByRelease}},
		{store.MeasureErrors, []store.Group{store.ByNothing, store.ByOutcome, store.ByToken}},
		{store.MeasureP95, []store.Group{store.ByNothing}},
		{store.MeasureBytesOut, []store.Group{store.ByNothing, store.ByToken}},
	}
	kind := kinds[min(random.IntN(6), 3)]
	if random.IntN(2) == 0 {
		kind = kinds[0]
	}
	q.Measure = kind.measure
	q.Group = kind.groups[random.IntN(len(kind.groups))]
	return fmt.Sprintf("%s %v/%v %s by %s", what, span, q.Step, q.Measure, q.Group), q
}
