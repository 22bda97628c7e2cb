package registry

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// desk is a memory of answers with a clock.
type desk struct {
	*Inquiries
	t   *testing.T
	now time.Time
}

func newDesk(t *testing.T, change func(*InquiriesConfig)) *desk {
	cfg := InquiriesConfig{MaxTokens: 100, QueueSize: 10, TTL: 5 * time.Minute, NegativeTTL: time.Minute, ProvisionalFor: 30 * time.Second, Revoked: true}
	if change != nil {
		change(&cfg)
	}
	return &desk{Inquiries: NewInquiries(cfg, []byte("k")), t: t, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
}

func (d *desk) look() Known { return d.Look("a token", d.now) }

func (d *desk) pass(by time.Duration) {
	d.now = d.now.Add(by)
	d.Tick(d.now)
}

// asked is the one question that waits.
func (d *desk) asked() Question {
	d.t.Helper()
	require.Len(d.t, d.queue, 1)
	return <-d.queue
}

func (d *desk) answer(a Introspected) { d.Answered(d.asked().Inquiry, a, d.now) }

// stale says whether what was known is no longer all that is.
func stale(k Known) bool { return k.Inquiry.Version() != k.Version }

func TestATokenIsProvisionalUntilItIsAnswered(t *testing.T) {
	d := newDesk(t, nil)
	before := d.look()
	assert.True(t, before.Provisional)
	assert.False(t, before.Answered)
	d.look()
	q := d.asked()
	assert.Equal(t, "a token", string(q.Secret), "asked once")
	assert.False(t, stale(before))
	d.Answered(q.Inquiry, Introspected{Active: true, ClientID: "billing", Subject: "ada", Username: "Ada", Scopes: []string{"read"}}, d.now)
	assert.True(t, stale(before), "whoever remembers the old answer is told")
	after := d.look()
	assert.Equal(t, Known{
		Inquiry: before.Inquiry, Version: after.Version, Answered: true, Claims: after.Claims,
		Token: &Token{Status: Active, Owner: &Owner{ID: "ada", Name: "Ada", Type: "user"}, Scopes: []string{"read"}},
	}, after)
	assert.Equal(t, "billing", after.Claims.ClientID)
	assert.Empty(t, d.queue)
}

func TestAnAnswerHoldsAsLongAsItShould(t *testing.T) {
	d := newDesk(t, nil)
	d.look()
	d.answer(Introspected{Active: true, ClientID: "billing"})
	known := d.look()
	d.pass(5*time.Minute - time.Nanosecond)
	assert.False(t, stale(known))
	d.pass(time.Nanosecond)
	assert.True(t, stale(known), "its time is over")
	assert.Empty(t, d.queue, "but nobody has used it since")
	again := d.look()
	assert.Equal(t, known.Token, again.Token, "the old answer holds until the new one is there")
	assert.False(t, again.Provisional)
	d.answer(Introspected{Active: false})
	revoked := d.look()
	assert.Equal(t, Revoked, revoked.Token.Status)
	assert.Equal(t, "billing", revoked.Token.Owner.ID, "whose it was stays known")
	d.pass(time.Minute)
	assert.True(t, stale(revoked), "a revocation may be a mistake")
	d.look()
	d.answer(Introspected{Active: true, ClientID: "billing", ExpiresAt: d.now.Add(time.Minute)})
	known = d.look()
	d.pass(time.Minute)
	assert.True(t, stale(known), "an answer does not outlive its token")
	d.look()
	d.answer(Introspected{})
	expired := d.look().Token
	status, _ := expired.At(d.now.Add(time.Second))
	assert.Equal(t, Expired, status, "a token whose time has come is not revoked")
}

func TestATokenThatWasNeverActive(t *testing.T) {
	for revoked, want := range map[bool]*Token{true: {Status: Revoked}, false: nil} {
		d := newDesk(t, func(c *InquiriesConfig) { c.Revoked = revoked })
		d.look()
		d.answer(Introspected{})
		known := d.look()
		assert.Equal(t, want, known.Token)
		assert.True(t, known.Answered)
	}
}

func TestNobodyAnswers(t *testing.T) {
	d := newDesk(t, nil)
	first := d.look()
	var waits []time.Duration
	last := d.now
	for range 12 {
		q := d.asked()
		waits = append(waits, d.now.Sub(last))
		last = d.now
		d.Failed(q.Inquiry, d.now)
		for len(d.queue) == 0 {
			d.pass(time.Second)
			d.look()
		}
	}
	assert.Equal(t, []time.Duration{0, 1e9, 2e9, 4e9, 8e9, 16e9, 32e9, 64e9, 128e9, 256e9, 300e9, 300e9}, waits)
	now := d.look()
	assert.False(t, now.Provisional, "it is learned under its own name when nobody answers for long")
	assert.False(t, now.Answered)
	assert.True(t, stale(first))

	d = newDesk(t, nil)
	waiting := d.look()
	d.pass(30 * time.Second)
	assert.True(t, stale(waiting), "a question that hangs in the queue settles as well")
	assert.False(t, d.look().Provisional)
}

func TestAFullQueueDropsAndAsksLater(t *testing.T) {
	d := newDesk(t, func(c *InquiriesConfig) { c.QueueSize = 1 })
	d.Look("first", d.now)
	known := d.look()
	assert.True(t, known.Provisional)
	assert.Equal(t, int64(1), d.Dropped())
	assert.Zero(t, d.Dropped())
	<-d.queue
	d.pass(10 * time.Second)
	assert.True(t, stale(known))
	d.look()
	assert.Equal(t, "a token", string(d.asked().Secret))
}

// Whatever happens in whatever order, the memory is bounded, and no answer that changed goes unseen.
func TestInquiriesAreBounded(t *testing.T) {
	d := newDesk(t, func(c *InquiriesConfig) { c.MaxTokens = 20 })
	random := rand.New(rand.NewPCG(1, 2))
	seen := make(map[string]Known)
	var asked []Question
	for step := range 20_000 {
		switch token := fmt.Sprint(random.IntN(60)); random.IntN(5) {
		case 0:
			d.pass(time.Duration(random.IntN(20)) * time.Second)
		case 1:
			if len(d.queue) > 0 {
				asked = append(asked, <-d.queue)
			}
		case 2:
			if len(asked) > 0 {
				q := asked[0]
				asked = asked[1:]
				if random.IntN(3) == 0 {
					d.Failed(q.Inquiry, d.now)
				} else {
					d.Answered(q.Inquiry, Introspected{Active: random.IntN(2) == 0, ClientID: fmt.Sprint(step), ExpiresAt: d.now.Add(time.Hour)}, d.now)
				}
			}
		default:
			before, ok := seen[token]
			now := d.Look(token, d.now)
			if ok && !stale(before) {
				require.Equal(t, before.Token, now.Token)
				require.Equal(t, before.Inquiry, now.Inquiry)
				require.Equal(t, before.Answered, now.Answered)
			}
			seen[token] = now
		}
		require.LessOrEqual(t, d.Len(), 20)
		require.Equal(t, d.Len(), len(d.running)+d.idle.Len(), "each is in one of the two")
	}
	assert.Positive(t, d.Evicted())
}

func TestParseIntrospection(t *testing.T) {
	for text, want := range map[string]Introspected{
		`{"active":false,"exp":"never"}`: {},
		`{"active":true,"scope":"a b","client_id":"c","username":"u","exp":1798761599,"sub":"s","iss":"https://as.example"}`: {
			Active: true, Issuer: "https://as.example", ClientID: "c", Username: "u", Subject: "s", Scopes: []string{"a", "b"},
			ExpiresAt: time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
		},
		`{"active":true,"scope":["a","b"],"exp":"1798761599.7","sub":7}`: {
			Active: true, Scopes: []string{"a", "b"}, ExpiresAt: time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
		},
		`{"active":true,"exp":0,"username":"a\u0000b"}`: {Active: true, Username: "a?b"},
	} {
		got, err := ParseIntrospection([]byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		``: "no JSON object", `<html>`: "no JSON object", `[]`: "no JSON object", `{}`: `lacks "active"`, `{"active":"true"}`: "no JSON object",
		`{"active":true,"exp":-1}`: "exp: is no number of seconds", `{"active":true,"exp":1e300}`: "exp: is no number", `{"active":true,"exp":{}}`: "exp: is no number",
	} {
		_, err := ParseIntrospection([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestAnAnswerThatQuotesTheTokenLosesIt(t *testing.T) {
	const secret = "J8s2Kq0Zx7Vb4Nm1Lw9Rt5Yp3Hd6Fg8"
	a := Introspected{Subject: "token:" + secret, Username: "ada", ClientID: secret, Scopes: []string{"a", secret + "/b"}}.Without(secret)
	assert.Equal(t, Introspected{Username: "ada", Scopes: []string{"a"}}, a)
}

func FuzzParseIntrospection(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"scope":"a b","client_id":"c","username":"u","exp":1798761599,"sub":"s","iss":"i"}`, `{"active":false}`,
		`{"active":true,"scope":["a"],"exp":"1"}`, `{"active":true,"exp":1e19}`, "{\"active\":true,\"sub\":\"\\ud800\xff\"}",
	} {
		f.Add([]byte(seed), "secret")
	}
	f.Fuzz(func(t *testing.T, answer []byte, secret string) {
		a, err := ParseIntrospection(answer)
		if err != nil {
			if len(err.Error()) > 120 { // what it says is fixed
				t.Fatal(err)
			}
			return
		}
		a = a.Without(secret)
		for _, text := range append([]string{a.Issuer, a.ClientID, a.Subject, a.Username}, a.Scopes...) {
			if len(text) > longestText || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) || secret != "" && strings.Contains(text, secret) {
				t.Fatalf("%q", text)
			}
		}
		if !a.ExpiresAt.IsZero() && a.ExpiresAt.Year() > 12_000 || len(a.Scopes) > mostScopes {
			t.Fatal(a)
		}
	})
}
