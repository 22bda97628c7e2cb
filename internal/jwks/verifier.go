// Package jwks says whether a JSON web token is genuine: signed with a key that its issuer publishes. Keys are fetched in the
// background; asking never waits for them.
package jwks

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer is one issuer whose tokens are checked, and where its keys are found: at a URL, in a file or, without either, by its own
// discovery document (OpenID Connect Discovery 1.0, section 4).
type Issuer struct {
	Name       string   // as tokens say it: iss
	URL        string   // of a JSON web key set
	File       string   // that holds one
	Audience   []string // one of them has to be meant; empty: whoever
	Algorithms []string // that are accepted; empty: Algorithms
	Refresh    time.Duration
}

// Algorithms are the signatures that are accepted: those that whoever checks cannot make.
var Algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// State is what is known of a token.
type State uint8

// States of a token.
const (
	Unasked State = iota // nobody is configured to check it
	Pending              // its issuer's keys are not known yet
	Genuine
	Forged // signed by nobody whom the issuer knows, or meant for another audience
)

// String names a state in metrics.
func (s State) String() string { return [...]string{"unasked", "pending", "genuine", "forged"}[s] }

// Verdict is the state of a token at one time.
type Verdict struct {
	State State
	keys  *keys
	stamp uint64
}

// Told hears how it goes with an issuer's keys: err is nil when they were read.
type Told func(issuer string, err error)

// Verifier checks the tokens of issuers. Safe for concurrent use. The nil Verifier checks none.
type Verifier struct {
	issuers map[string]*keys
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// New makes a Verifier; it is nil without issuers.
func New(issuers []Issuer, client *http.Client, told Told) *Verifier {
	if len(issuers) == 0 {
		return nil
	}
	v := &Verifier{issuers: make(map[string]*keys, len(issuers)), cancel: func() {}}
	for _, issuer := range issuers {
		v.issuers[issuer.Name] = newKeys(issuer, client, told)
	}
	return v
}

// Start begins to fetch keys.
func (v *Verifier) Start() {
	if v == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	v.cancel = cancel
	for _, k := range v.issuers {
		v.done.Go(func() { k.run(ctx) })
	}
}

// Shutdown ends what Start began. It is safe without Start.
func (v *Verifier) Shutdown() {
	if v == nil {
		return
	}
	v.cancel()
	v.done.Wait()
}

// Check says whether a token of an issuer is genuine, as far as is known now.
func (v *Verifier) Check(issuer, token string) Verdict {
	if v == nil {
		return Verdict{}
	}
	k := v.issuers[issuer]
	if k == nil {
		return Verdict{}
	}
	return k.check(token)
}

// Fresh says whether a verdict is still what Check would say.
func (v *Verifier) Fresh(verdict Verdict) bool {
	switch verdict.State {
	case Unasked:
		return true
	case Pending:
		return verdict.stamp == verdict.keys.fetched.Load()
	}
	return verdict.stamp == verdict.keys.changed.Load()
}

// check says what the keys that are known now make of a token.
func (k *keys) check(token string) Verdict {
	fetched, changed := k.fetched.Load(), k.changed.Load()
	settled := func(s State) Verdict { return Verdict{State: s, keys: k, stamp: changed} }
	signed, err := jose.ParseSignedCompact(token, k.algorithms)
	if err != nil {
		return settled(Forged) // unsigned, or signed in a way that is not accepted
	}
	id := signed.Signatures[0].Header.KeyID
	known := false
	for _, key := range k.current() {
		if id != "" && key.KeyID != id {
			continue
		}
		known = id != ""
		payload, err := signed.Verify(key.Key)
		if err != nil {
			continue
		}
		if !k.meant(payload) {
			return settled(Forged)
		}
		return settled(Genuine)
	}
	if known || !k.expects(id) {
		return settled(Forged)
	}
	return Verdict{State: Pending, keys: k, stamp: fetched}
}

// meant says whether a token is for one of our audiences.
func (k *keys) meant(payload []byte) bool {
	if len(k.Audience) == 0 {
		return true
	}
	var body struct {
		Audience audience `json:"aud"`
	}
	if json.Unmarshal(payload, &body) != nil {
		return false
	}
	return slices.ContainsFunc(body.Audience, func(a string) bool { return slices.Contains(k.Audience, a) })
}

// audience is one, or a list.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}
