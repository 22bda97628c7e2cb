package sim

import (
	"fmt"
	"net/netip"
	"time"
	_ "time/tzdata" // hours and summer time are the same on every machine
)

// Country is a place that clients call from. Its ranges are a sample of what public tables (iptoasn) place there.
type Country struct {
	Code   string // ISO 3166-1 alpha-2
	Zones  []string
	Fixed  []netip.Prefix // homes and offices
	Mobile []netip.Prefix // carriers, most of them NAT
	Six    []netip.Prefix // IPv6 of homes and carriers
	Hosted []netip.Prefix // rented servers
	Closed []monthDay     // public holidays on fixed dates

	zones []*time.Location
}

type monthDay struct {
	month time.Month
	day   int
}

// holiday tells whether t, in the country's own time, is a day off for everybody.
func (c *Country) holiday(t time.Time) bool {
	_, m, d := t.Date()
	for _, h := range c.Closed {
		if h.month == m && h.day == d {
			return true
		}
	}
	// Thanksgiving: the fourth Thursday of November, and for most the Friday after it.
	return c.Code == "US" && m == time.November &&
		(t.Weekday() == time.Thursday && d >= 22 && d <= 28 || t.Weekday() == time.Friday && d >= 23 && d <= 29)
}

// homes are the countries that a fleet's clients live in, with their share of it.
var homes = []struct {
	code  string
	share float64
}{
	{"US", .26},
	{"DE", .16},
	{"GB", .11},
	{"FR", .09},
	{"NL", .06},
	{"IN", .05},
	{"ES", .04},
	{"IT", .04},
	{"PL", .04},
	{"SE", .03},
	{"JP", .03},
	{"CA", .03},
	{"AU", .02},
	{"CH", .02},
	{"BR", .01},
	{"SG", .005},
	{"ZA", .005},
}

// lairs are the countries whose networks thieves prefer. What is true of a thief's network is true of many an honest one:
// some fleets have clients there too.
var lairs = []string{"RU", "VN", "NG", "RO", "TR", "NL", "UA", "ID", "FR", "SG", "BR", "US"}

var countries = func() map[string]*Country {
	newYear, labour, christmas, boxing := monthDay{1, 1}, monthDay{5, 1}, monthDay{12, 25}, monthDay{12, 26}
	all := []*Country{
		{
			Code: "DE", Zones: []string{"Europe/Berlin"},
			Fixed:  ranges("84.128.0.0/10", "91.0.0.0/11", "77.176.0.0/13"),
			Mobile: ranges("80.187.0.0/16", "109.40.0.0/14"), Six: ranges("2003:c0::/27", "2a02:3030::/32", "2a01:598::/32"),
			Hosted: ranges("88.198.0.0/16", "116.202.0.0/15", "144.76.0.0/16"),
			Closed: []monthDay{newYear, labour, {10, 3}, {12, 24}, christmas, boxing},
		},
		{
			Code: "NL", Zones: []string{"Europe/Amsterdam"},
			Fixed:  ranges("84.24.0.0/13", "86.80.0.0/13", "77.248.0.0/14"),
			Mobile: ranges("188.206.64.0/18", "109.36.0.0/16"), Six: ranges("2a02:a440::/27", "2001:1c00::/23"),
			Hosted: ranges("37.48.64.0/18", "185.107.56.0/22", "5.79.64.0/18"),
			Closed: []monthDay{newYear, {4, 27}, christmas, boxing},
		},
		{
			Code: "FR", Zones: []string{"Europe/Paris"},
			Fixed:  ranges("90.0.0.0/11", "82.64.0.0/14"),
			Mobile: ranges("92.184.96.0/19", "37.160.0.0/13"), Six: ranges("2a01:e0a::/32", "2a01:cb1c::/32"),
			Hosted: ranges("51.38.0.0/16", "51.15.0.0/17", "54.36.0.0/16"),
			Closed: []monthDay{newYear, labour, {5, 8}, {7, 14}, {8, 15}, {11, 1}, {11, 11}, christmas},
		},
		{
			Code: "GB", Zones: []string{"Europe/London"},
			Fixed:  ranges("86.128.0.0/11", "90.192.0.0/11"),
			Mobile: ranges("82.132.192.0/18", "92.40.0.0/16", "31.94.0.0/16"), Six: ranges("2a00:23c0::/28", "2a02:c7c::/32"),
			Hosted: ranges("5.148.0.0/17"), Closed: []monthDay{newYear, christmas, boxing},
		},
		{
			Code: "ES", Zones: []string{"Europe/Madrid"},
			Fixed:  ranges("83.32.0.0/13", "88.0.0.0/11"),
			Mobile: ranges("95.120.0.0/14", "77.208.0.0/14"), Six: ranges("2a0c:5a80::/29", "2a02:9000::/24"),
			Closed: []monthDay{newYear, {1, 6}, labour, {8, 15}, {10, 12}, {12, 6}, {12, 8}, christmas},
		},
		{
			Code: "IT", Zones: []string{"Europe/Rome"},
			Fixed:  ranges("79.0.0.0/11", "87.0.0.0/12", "93.32.0.0/13"),
			Mobile: ranges("5.168.0.0/14", "151.38.0.0/16"), Six: ranges("2001:b07::/32", "2a01:827::/32"),
			Hosted: ranges("62.149.128.0/17"), Closed: []monthDay{newYear, {1, 6}, {4, 25}, labour, {6, 2}, {8, 15}, {12, 8}, christmas, boxing},
		},
		{
			Code: "PL", Zones: []string{"Europe/Warsaw"},
			Fixed:  ranges("83.0.0.0/11", "79.184.0.0/14"),
			Mobile: ranges("37.47.0.0/16", "5.172.224.0/19"), Six: ranges("2a02:a310::/28", "2a00:f41::/32"),
			Closed: []monthDay{newYear, {1, 6}, labour, {5, 3}, {8, 15}, {11, 1}, {11, 11}, christmas, boxing},
		},
		{
			Code: "SE", Zones: []string{"Europe/Stockholm"},
			Fixed:  ranges("81.224.0.0/13", "90.224.0.0/13"),
			Mobile: ranges("94.191.128.0/17"), Six: ranges("2001:2042::/32", "2a02:aa1::/32"),
			Hosted: ranges("79.136.0.0/17"), Closed: []monthDay{newYear, {1, 6}, labour, {6, 6}, {12, 24}, christmas, boxing},
		},
		{
			Code: "CH", Zones: []string{"Europe/Zurich"},
			Fixed:  ranges("85.0.0.0/14", "178.192.0.0/14"),
			Mobile: ranges("188.60.0.0/15"), Six: ranges("2a02:1200::/27", "2a04:ee41::/32"),
			Hosted: ranges("77.109.128.0/18"), Closed: []monthDay{newYear, {8, 1}, christmas, boxing},
		},
		{
			Code: "US", Zones: []string{"America/New_York", "America/Chicago", "America/Los_Angeles"},
			Fixed:  ranges("73.0.0.0/9", "71.224.0.0/12", "24.0.0.0/13", "68.80.0.0/13"),
			Mobile: ranges("172.56.0.0/14", "174.192.0.0/11"), Six: ranges("2601::/22", "2600:1000::/28", "2607:fb90::/32"),
			Hosted: ranges("104.131.0.0/16", "159.65.0.0/17", "45.55.0.0/16"), Closed: []monthDay{newYear, {6, 19}, {7, 4}, {11, 11}, christmas},
		},
		{
			Code: "CA", Zones: []string{"America/Toronto", "America/Vancouver"},
			Fixed:  ranges("99.224.0.0/12", "70.24.0.0/14"),
			Mobile: ranges("24.114.0.0/16", "72.136.0.0/14"), Six: ranges("2607:fea8::/32", "2605:8d80::/32"),
			Closed: []monthDay{newYear, {7, 1}, {9, 30}, christmas, boxing},
		},
		{
			Code: "BR", Zones: []string{"America/Sao_Paulo"},
			Fixed:  ranges("177.32.0.0/15"),
			Mobile: ranges("191.32.0.0/15"), Closed: []monthDay{newYear, {4, 21}, labour, {9, 7}, {10, 12}, {11, 2}, {11, 15}, {11, 20}, christmas},
		},
		{
			Code: "IN", Zones: []string{"Asia/Kolkata"},
			Fixed:  ranges("117.192.0.0/11"),
			Mobile: ranges("49.32.0.0/14", "49.36.0.0/14"), Six: ranges("2409:4000::/26"), Closed: []monthDay{{1, 26}, {8, 15}, {10, 2}},
		},
		{
			Code: "JP", Zones: []string{"Asia/Tokyo"},
			Fixed:  ranges("118.0.0.0/13", "60.32.0.0/12", "153.128.0.0/10"),
			Mobile: ranges("126.0.0.0/12", "1.72.0.0/16"), Six: ranges("2400:4050::/28", "240b:10::/28"),
			Closed: []monthDay{newYear, {1, 2}, {1, 3}, {2, 11}, {2, 23}, {4, 29}, {5, 3}, {5, 4}, {5, 5}, {8, 11}, {11, 3}, {11, 23}},
		},
		{
			Code: "AU", Zones: []string{"Australia/Sydney"},
			Fixed:  ranges("58.104.0.0/14", "110.140.0.0/14"),
			Mobile: ranges("1.120.0.0/14", "49.176.0.0/14"), Six: ranges("2001:8003::/32", "2001:8004::/32"),
			Closed: []monthDay{newYear, {1, 26}, {4, 25}, christmas, boxing},
		},
		{
			Code: "SG", Zones: []string{"Asia/Singapore"},
			Fixed:  ranges("119.74.0.0/16", "218.186.0.0/16", "42.60.0.0/15"),
			Mobile: ranges("175.156.0.0/16"), Six: ranges("2401:7400::/32", "2406:3003::/32"),
			Hosted: ranges("103.253.24.0/22"), Closed: []monthDay{newYear, labour, {8, 9}, christmas},
		},
		{
			Code: "ZA", Zones: []string{"Africa/Johannesburg"},
			Fixed:  ranges("196.208.0.0/13", "105.184.0.0/14"),
			Mobile: ranges("197.64.0.0/12", "41.13.0.0/16"), Six: ranges("2c0f:f4c0::/32"),
			Closed: []monthDay{newYear, {3, 21}, {4, 27}, labour, {6, 16}, {8, 9}, {9, 24}, {12, 16}, christmas, boxing},
		},
		{Code: "RU", Zones: []string{"Europe/Moscow"}, Fixed: ranges("95.24.0.0/14", "92.124.0.0/14"), Hosted: ranges("95.213.128.0/17")},
		{Code: "VN", Zones: []string{"Asia/Ho_Chi_Minh"}, Fixed: ranges("113.160.0.0/12", "14.160.0.0/12", "171.224.0.0/12")},
		{Code: "NG", Zones: []string{"Africa/Lagos"}, Fixed: ranges("102.88.0.0/14"), Mobile: ranges("197.210.0.0/16")},
		{Code: "RO", Zones: []string{"Europe/Bucharest"}, Fixed: ranges("86.120.0.0/14", "188.24.0.0/15"), Hosted: ranges("5.2.128.0/17")},
		{Code: "TR", Zones: []string{"Europe/Istanbul"}, Fixed: ranges("78.160.0.0/12", "88.224.0.0/12")},
		{Code: "UA", Zones: []string{"Europe/Kyiv"}, Fixed: ranges("178.150.0.0/16")},
		{Code: "ID", Zones: []string{"Asia/Jakarta"}, Fixed: ranges("36.64.0.0/11"), Mobile: ranges("114.120.0.0/13")},
	}
	byCode := make(map[string]*Country, len(all))
	for _, c := range all {
		for _, z := range c.Zones {
			c.zones = append(c.zones, mustZone(z))
		}
		byCode[c.Code] = c
	}
	return byCode
}()

// Networks that are everywhere and nowhere: public tables place them at the company's seat.
var (
	clouds = ranges("3.208.0.0/13", "44.192.0.0/13", "54.144.0.0/14", "13.64.0.0/12", "20.36.0.0/15", "52.224.0.0/12", "4.236.0.0/16", "35.184.0.0/14")
	edges  = ranges("151.101.0.0/16", "146.75.0.0/16", "199.232.0.0/16", "104.16.0.0/15", "104.18.0.0/15")
)

func ranges(cidrs ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(cidrs))
	for i, s := range cidrs {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func mustZone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("time zone %s is built in, and yet: %v", name, err))
	}
	return z
}
