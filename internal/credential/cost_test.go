package credential

import "testing"

// BenchmarkScan is what one string costs, by what it is.
func BenchmarkScan(b *testing.B) {
	for _, test := range []struct {
		name  string
		place Place
		text  string
	}{
		{"route", Text, "/v1/customers/{id}/orders"},
		{"user agent", Text, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"},
		{"recognised key", Secret, "glpat-" + "Zx8Kq2Lm9Rt4Wv7Yb3Nc"},
		{"home-grown key", Secret, "acme_live_" + "Zx8Kq2Lm9Rt4Wv7Yb3NcUy5Ho1Jd6Pf0"},
		{"bearer", Authorization, "Bearer " + "glpat-" + "Zx8Kq2Lm9Rt4Wv7Yb3Nc"},
		{"query", Query, "expand=lines&page=2&access_token=" + "Zx8Kq2Lm9Rt4Wv7Yb3NcUy5Ho1Jd6Pf0"},
	} {
		b.Run(test.name, func(b *testing.B) {
			var s Scanner
			b.ReportAllocs()
			for b.Loop() {
				s.Scan(test.place, test.text)
			}
		})
	}
}
