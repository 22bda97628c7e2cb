package wire

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

func TestGuardCheck(t *testing.T) {
	for address, want := range map[string]string{
		"https://hooks.example.com/services/T0/B0/x": "",
		"https://hooks.example.com:443/":             "",
		"https://hooks.example.com./":                "",
		"https://8.8.8.8/":                           "",
		"https://[2606:4700:4700::1111]/":            "",
		"https://0x.example/":                        "",

		"":                               "the scheme is not https",
		"hooks.example.com":              "the scheme is not https",
		"ftp://hooks.example.com/":       "the scheme is not https",
		"file:///etc/passwd":             "the scheme is not https",
		"javascript:alert(1)":            "not a URL",
		"https:hooks.example.com":        "not a URL",
		"http://hooks.example.com/":      "is not encrypted",
		"https://":                       "no host",
		"https:///path":                  "no host",
		"https://user@example.com/":      "holds credentials",
		"https://user:pw@example.com/":   "holds credentials",
		"https://hooks.example.com:22/":  "port 22 is none of [443]",
		"https://hooks.example.com:0/":   "not a number from 1 to 65535",
		"https://hooks.example.com:9e9/": "not a URL",
		"https://exa mple.com/":          "not a URL",
		"https://exämple.com/":           "characters that a name does not have",
		"https://ⓔxample.com/":           "characters that a name does not have",
		"https://127。0。0。1/":             "characters that a name does not have",

		"https://127.0.0.1/":                               "this machine",
		"https://127.1/":                                   "unusual notation",
		"https://2130706433/":                              "unusual notation",
		"https://0x7f000001/":                              "unusual notation",
		"https://0x7F.1/":                                  "unusual notation",
		"https://0177.0.0.1/":                              "unusual notation",
		"https://017700000001/":                            "unusual notation",
		"https://1.2.3.4.5/":                               "unusual notation",
		"https://../":                                      "unusual notation",
		"https://0.0.0.0/":                                 "this network",
		"https://10.1.2.3/":                                "private",
		"https://100.64.0.1/":                              "carrier",
		"https://169.254.169.254/latest/":                  "link-local",
		"https://172.31.255.255/":                          "private",
		"https://192.168.1.1/":                             "private",
		"https://192.0.2.7/":                               "documentation",
		"https://198.19.0.1/":                              "benchmarks",
		"https://224.0.0.1/":                               "multicast",
		"https://255.255.255.255/":                         "reserved",
		"https://[::]/":                                    "this machine",
		"https://[::1]/":                                   "this machine",
		"https://[::ffff:127.0.0.1]/":                      "write the plain address",
		"https://[::ffff:8.8.8.8]/":                        "write the plain address",
		"https://[::127.0.0.1]/":                           "an IPv4 address in IPv6",
		"https://[64:ff9b::7f00:1]/":                       "NAT64",
		"https://[64:ff9b:1::a00:1]/":                      "NAT64",
		"https://[2002:7f00:1::]/":                         "6to4",
		"https://[2001:0:1::1]/":                           "tunnel",
		"https://[fc00::1]/":                               "unique-local",
		"https://[fd12:3456:789a::1]/":                     "unique-local",
		"https://[fe80::1]/":                               "link-local",
		"https://[fe80::1%25eth0]/":                        "write the plain address",
		"https://[ff02::1]/":                               "multicast",
		"https://[100::1]/":                                "reserved",
		"https://[4000::1]/":                               "reserved",
		"https://x.com/" + strings.Repeat("x", maxAddress): "more than 2048 bytes",
	} {
		u, err := (&Guard{}).Check(address)
		if want == "" {
			require.NoError(t, err, address)
			assert.Equal(t, address, u.String())
			continue
		}
		require.ErrorIs(t, err, ErrForbidden, address)
		require.ErrorContains(t, err, want, address)
	}
}

func TestGuardAllows(t *testing.T) {
	g := &Guard{
		Allow:     []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		PlainHTTP: true,
	}
	for address, ok := range map[string]bool{
		"http://10.1.2.3/": true, "https://10.1.2.3/": true, "https://[fd00::1]/": true, "http://hooks.example.com/": true,
		"http://11.1.2.3:8080/": false, "https://127.0.0.1/": false, "https://[fc00::1]/": false, "https://192.168.0.1/": false,
	} {
		_, err := g.Check(address)
		assert.Equal(t, ok, err == nil, "%s: %v", address, err)
	}
	g.Ports = []uint16{8443}
	_, err := g.Check("https://hooks.example.com:8443/")
	assert.NoError(t, err)
	_, err = g.Check("https://hooks.example.com/")
	assert.ErrorContains(t, err, "port 443 is none of [8443]")
}

func TestGuardErrorsHoldNoSecrets(t *testing.T) {
	for _, address := range []string{
		"https://user:hunter2@example.com/", "http://example.com/hunter2?key=hunter2", "https://[::1/hunter2", "https://10.0.0.1/hunter2",
	} {
		_, err := (&Guard{}).Check(address)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

// names is a name server that answers each question with the next of its addresses, and the last for ever.
func names(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	var asked atomic.Int64
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var question dnsmessage.Message
			if question.Unpack(buffer[:n]) != nil || len(question.Questions) != 1 {
				continue
			}
			answer := dnsmessage.Message{
				Header:    dnsmessage.Header{ID: question.ID, Response: true, RecursionAvailable: true},
				Questions: question.Questions,
			}
			if q := question.Questions[0]; q.Type == dnsmessage.TypeA {
				at := min(int(asked.Add(1)), len(addresses)) - 1
				answer.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 0},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addresses[at]).As4()},
				}}
			}
			if packed, err := answer.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name that resolves to a public address when it is looked at, and to this machine when it is dialled, gets nowhere.
func TestGuardAgainstRebinding(t *testing.T) {
	var reached atomic.Int64
	inside := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		_, _ = io.WriteString(w, "the secrets of this machine")
	}))
	defer inside.Close()
	at, err := url.Parse(inside.URL)
	require.NoError(t, err)
	port := netip.MustParseAddrPort(at.Host).Port()
	trust := inside.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trust.ServerName = "example.com" // what the server's certificate is for
	address := "https://rebind.example:" + at.Port() + "/"

	ask := func(g *Guard, secure *tls.Config) Reply {
		_, err := g.Check(address)
		require.NoError(t, err)
		client := g.Client(secure)
		defer client.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, nil)
		require.NoError(t, err)
		return Exchange(client, req, noon)
	}
	g := &Guard{Ports: []uint16{port}, Resolver: names(t, "93.184.216.34", "127.0.0.1")}
	first, err := g.Resolver.LookupNetIP(t.Context(), "ip4", "rebind.example")
	require.NoError(t, err)
	require.NoError(t, g.permit(first[0]), "the first answer is harmless")
	reply := ask(g, trust)
	assert.Zero(t, reply.Status)
	assert.False(t, reply.Sent)
	assert.ErrorIs(t, reply.Err, ErrForbidden)
	assert.ErrorContains(t, reply.Err, "127.0.0.1 is this machine")
	assert.Zero(t, reached.Load())

	g = &Guard{Ports: []uint16{port}, Resolver: names(t, "127.0.0.1"), Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	reply = ask(g, trust)
	assert.Equal(t, 200, reply.Status)
	assert.EqualValues(t, 1, reached.Load(), "unless the operator allows it")
}

func TestGuardFollowsNoRedirectsAndUsesNoProxy(t *testing.T) {
	var reached atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer outside.Close()
	t.Setenv("HTTP_PROXY", inside.URL)
	g := &Guard{PlainHTTP: true, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	client := g.Client(nil)
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, outside.URL, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusFound, Exchange(client, req, noon).Status)
	assert.Zero(t, reached.Load())
}

func FuzzGuardCheck(f *testing.F) {
	for _, seed := range []string{"https://example.com/x", "https://[::1]/", "https://0x7f.1/", "http://a@b", "https://127.0.0.1.:443"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := (&Guard{}).Check(address)
		if err != nil {
			return
		}
		assert.Equal(t, "https", u.Scheme)
		assert.Nil(t, u.User)
		if addr, err := netip.ParseAddr(strings.TrimSuffix(u.Hostname(), ".")); err == nil {
			assert.NoError(t, (&Guard{}).permit(addr))
		}
	})
}
