package identity

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/holterhq/holter/internal/credential"
)

func testKeys() Keys {
	return Keys{Identity: bytes.Repeat([]byte{1}, 32), Fingerprint: bytes.Repeat([]byte{2}, 32)}
}

// TestIDIsWhatIsDocumented computes an id by the formula in the documentation: baselines hang on it for good.
func TestIDIsWhatIsDocumented(t *testing.T) {
	n := NewNamer(testKeys())
	c := credential.Credential{Raw: "corp_example", Kind: credential.APIKey}
	mac := hmac.New(sha256.New, testKeys().Identity)
	mac.Write([]byte("acme" + "\x00" + "key\x00corp_example"))
	want := "tok_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
	assert.Equal(t, want, n.ID("acme", c))
	assert.Equal(t, "tok_ekrqoitzslwtq35kieed6mnwt4", n.ID("", c))
	assert.Regexp(t, `^fp_[a-z2-7]{26}$`, n.Fingerprint("", c))
}

func TestWhoIsWho(t *testing.T) {
	n := NewNamer(testKeys())
	id := func(c credential.Credential) string { return n.ID("", c) }
	claims := func(raw, iss, client, sub string) credential.Credential {
		return credential.Credential{Raw: raw, Kind: credential.JWT, Claims: &credential.Claims{Issuer: iss, ClientID: client, Subject: sub}}
	}
	hourly, next := claims("a", "i", "c", "s"), claims("b", "i", "c", "s")
	assert.Equal(t, id(hourly), id(next), "a refreshed JWT is the same principal")
	assert.NotEqual(t, n.Fingerprint("", hourly), n.Fingerprint("", next), "and another credential")
	assert.NotEqual(t, id(hourly), id(claims("a", "i", "c", "other")))
	assert.NotEqual(t, id(hourly), id(claims("a", "j", "c", "s")))
	assert.NotEqual(t, id(claims("a", "i", "cs", "")), id(claims("a", "i", "c", "s")), "claims do not run into each other")
	assert.NotEqual(t, id(claims("a", "i", "", "")), id(claims("b", "i", "", "")), "an issuer alone names nobody")

	ada := credential.Credential{Raw: "ada:one", Kind: credential.Basic, User: "ada"}
	assert.Equal(t, id(ada), id(credential.Credential{Raw: "ada:two", Kind: credential.Basic, User: "ada"}), "a new password is the same user")
	assert.NotEqual(t, id(ada), id(credential.Credential{Raw: "ada", Kind: credential.APIKey}), "a key named like a user")
	assert.NotEqual(t, n.ID("a", ada), n.ID("b", ada), "tenants do not mix")
	other := NewNamer(Keys{Identity: bytes.Repeat([]byte{3}, 32)})
	assert.NotEqual(t, id(ada), other.ID("", ada), "another key, another id")
}

// A fingerprint key may be rotated: what was signed with the former one is still found, and ids stay.
func TestFormerFingerprintKeys(t *testing.T) {
	c := credential.Credential{Raw: "corp_example", Kind: credential.APIKey}
	before := testKeys()
	after := Keys{Identity: before.Identity, Fingerprint: bytes.Repeat([]byte{3}, 32), Former: [][]byte{before.Fingerprint}}
	old, rotated := NewNamer(before), NewNamer(after)
	assert.Empty(t, old.Former("", c))
	assert.NotEqual(t, old.Fingerprint("", c), rotated.Fingerprint("", c))
	assert.Equal(t, []string{old.Fingerprint("", c)}, rotated.Former("", c))
	assert.Equal(t, old.ID("", c), rotated.ID("", c))
	assert.Equal(t, old.KeyID(), rotated.KeyID())
}

func TestWhoIsLearnedUnder(t *testing.T) {
	claims := func(iss, client, sub string) credential.Credential {
		return credential.Credential{Raw: iss + client + sub, Kind: credential.JWT, Claims: &credential.Claims{Issuer: iss, ClientID: client, Subject: sub}}
	}
	ada, bob := claims("i", "app", "ada"), claims("i", "app", "bob")
	assert.NotEqual(t, Principal(ada), Principal(bob))
	assert.Equal(t, Client(ada), Client(bob), "end users fold into their client")
	assert.NotEqual(t, Client(ada), Client(claims("j", "app", "ada")), "of this issuer")
	assert.Equal(t, Principal(claims("i", "", "ada")), Client(claims("i", "", "ada")), "no client is named")
	key := credential.Credential{Raw: "app", Kind: credential.APIKey}
	assert.Equal(t, Principal(key), Client(key))
	all := map[string]bool{
		Principal(ada): true, Client(ada): true, Unverified(Principal(ada)): true, Owner("ada"): true, Principal(claims("", "", "ada")): true, Principal(key): true,
	}
	assert.Len(t, all, 6, "none of them can be taken for another")
}

func TestKeysAreNotPrinted(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.Equal(t, "[keys]", fmt.Sprintf(verb, testKeys()))
	}
	assert.Regexp(t, "^[0-9a-f]{8}$", NewNamer(testKeys()).KeyID())
	assert.NotEqual(t, KeyID(testKeys().Identity), KeyID([]byte("x")))
}

func BenchmarkNamer(b *testing.B) {
	n := NewNamer(testKeys())
	c := credential.Credential{Raw: "corp_0123456789abcdefghijklmnopqrstuv", Kind: credential.APIKey}
	b.ReportAllocs()
	for b.Loop() {
		n.ID("", c)
	}
}
