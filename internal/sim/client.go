package sim

import (
	"strconv"
	"strings"
	"time"
)

// family is a client product. Its versions come out at a steady pace; %v stands for the number of the latest.
type family struct {
	agent   string
	cadence time.Duration
	first   int // the version on the first day of the calendar below
}

// Clients by the kind of people and machines that use them.
var (
	scripts = []family{
		{"python-requests/2.%v.0", 130 * 24 * time.Hour, 20},
		{"axios/1.%v.0", 45 * 24 * time.Hour, 2},
		{"Go-http-client/2.0", 0, 0},
		{"node", 0, 0},
		{"okhttp/4.%v.0", 150 * 24 * time.Hour, 9},
	}
	kits = []family{
		{"holter-sample-sdk-python/2.%v.0", 24 * 24 * time.Hour, 1},
		{"holter-sample-sdk-node/5.%v.1", 18 * 24 * time.Hour, 0},
		{"holter-sample-sdk-java/1.%v.0 (Java/21.0.4)", 40 * 24 * time.Hour, 3},
		{"Apache-HttpClient/4.5.%v (Java/17.0.12)", 210 * 24 * time.Hour, 3},
		{"GuzzleHttp/7.%v", 160 * 24 * time.Hour, 2},
	}
	browsers = []family{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%v.0.0.0 Safari/537.36", 28 * 24 * time.Hour, 79},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%v.0.0.0 Safari/537.36", 28 * 24 * time.Hour, 79},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:%v.0) Gecko/20100101 Firefox/%v.0", 28 * 24 * time.Hour, 72},
	}
	tools = []family{
		{"PostmanRuntime/7.%v.0", 50 * 24 * time.Hour, 20},
		{"curl/8.%v.0", 60 * 24 * time.Hour, 0},
		{"insomnia/10.%v.0", 40 * 24 * time.Hour, 0},
	}
	apps = []family{
		{"SampleShop/5.%v.0 (iPhone; iOS 18.1; Scale/3.00)", 14 * 24 * time.Hour, 0},
		{"SampleShop/5.%v.0 (Android 14; Pixel 8)", 14 * 24 * time.Hour, 0},
		{"okhttp/4.%v.0", 150 * 24 * time.Hour, 9},
	}
	builders = []family{
		{"sample-ci-agent/3.%v.0", 21 * 24 * time.Hour, 0},
		{"GitHub-Actions/2.%v.0 (Linux; x64)", 20 * 24 * time.Hour, 200},
		{"curl/8.%v.0", 60 * 24 * time.Hour, 0},
	}
	channels = []family{
		{"grpc-java-netty/1.%v.0", 42 * 24 * time.Hour, 20},
		{"grpc-go/1.%v.0", 42 * 24 * time.Hour, 20},
	}
	// thieves use what is at hand, or what they are used to.
	loot = []family{
		{"python-requests/2.%v.3", 130 * 24 * time.Hour, 20},
		{"curl/7.88.1", 0, 0},
		{"Go-http-client/1.1", 0, 0},
		{"python-httpx/0.%v.0", 80 * 24 * time.Hour, 10},
		{"aiohttp/3.9.%v", 400 * 24 * time.Hour, 0},
	}
)

// calendar is the day from which versions are counted.
var calendar = time.Date(2020, 1, 6, 9, 0, 0, 0, time.UTC)

// client is one installation of a product. It updates some days after a release, or never.
type client struct {
	family family
	lag    time.Duration
	pinned int // a version that is never updated; 0: updates
}

func (c client) userAgent(t time.Time) string {
	v := c.pinned
	if v == 0 {
		v = c.family.latest(t.Add(-c.lag))
	}
	return strings.ReplaceAll(c.family.agent, "%v", strconv.Itoa(v))
}

// latest is the version that is out at t.
func (f family) latest(t time.Time) int {
	if f.cadence == 0 {
		return f.first
	}
	return f.first + int(t.Sub(calendar)/f.cadence)
}

// install draws an installation: most follow within a few weeks, an old fleet is pinned to what was new when it was set up.
func install(d *dice, from []family, start time.Time, pinned float64) client {
	c := client{family: pick(d, from), lag: time.Duration(d.lognormal(4*24, 1)) * time.Hour}
	if d.chance(pinned) {
		c.pinned = max(1, c.family.latest(start.Add(-time.Duration(d.between(20, 400)*24)*time.Hour)))
	}
	return c
}
