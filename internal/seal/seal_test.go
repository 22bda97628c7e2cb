package seal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const fp = "fp_aaaaaaaaaaaaaaaaaaaaaaaaaa"

var example = Secret{Tenant: "acme", Kind: "api_key", Raw: "corp_example_credential"}

func newPair(t testing.TB) *PrivateKey {
	t.Helper()
	key, err := NewKey()
	require.NoError(t, err)
	return key
}

func TestOnlyThePrivateKeyOpens(t *testing.T) {
	key := newPair(t)
	sealed, err := key.Public().Seal(fp, example)
	require.NoError(t, err)
	assert.NotContains(t, string(sealed), example.Raw)
	again, err := key.Public().Seal(fp, example)
	require.NoError(t, err)
	assert.NotEqual(t, sealed, again, "the same secret is sealed differently each time")

	label, secret, err := key.Open(sealed)
	require.NoError(t, err)
	assert.Equal(t, Label{KeyID: key.ID(), Fingerprint: fp}, label)
	assert.Equal(t, example, secret)
	read, err := Read(sealed)
	require.NoError(t, err)
	assert.Equal(t, label, read)

	other := newPair(t)
	_, _, err = other.Open(sealed)
	require.ErrorContains(t, err, "sealed for key "+key.ID()+", this one is "+other.ID())
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		_, _, err := key.Open(broken)
		require.Error(t, err, "byte %d", i)
	}
	_, err = key.Public().Seal(fp, Secret{Raw: strings.Repeat("x", Largest+1)})
	assert.ErrorContains(t, err, "longer than")
}

func TestKeysAreWrittenAndRead(t *testing.T) {
	key := newPair(t)
	text, err := key.Text()
	require.NoError(t, err)
	private, err := ParsePrivateKey(text + "\n")
	require.NoError(t, err)
	public, err := ParsePublicKey(" " + key.Public().Text())
	require.NoError(t, err)
	assert.Equal(t, key.ID(), private.ID())
	assert.Equal(t, key.ID(), public.ID())
	sealed, err := public.Seal(fp, example)
	require.NoError(t, err)
	_, secret, err := private.Open(sealed)
	require.NoError(t, err)
	assert.Equal(t, example, secret)

	_, err = ParsePublicKey(text)
	require.ErrorContains(t, err, "this is the private key")
	assert.NotContains(t, err.Error(), strings.TrimPrefix(text, privateWord))
	_, err = ParsePrivateKey(key.Public().Text())
	require.ErrorContains(t, err, "this is the public key")
	for _, wrong := range []string{"", "YWJj", publicWord + "!", publicWord + "YWJj"} {
		_, err := ParsePublicKey(wrong)
		require.Error(t, err)
	}
	path := filepath.Join(t.TempDir(), "seal.pub")
	_, err = ReadPublicKey(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte(key.Public().Text()), 0o600))
	public, err = ReadPublicKey(path)
	require.NoError(t, err)
	assert.Equal(t, key.ID(), public.ID())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.Equal(t, "[private key] [secret]", fmt.Sprintf(verb+" "+verb, key, example))
	}
}

func FuzzOpen(f *testing.F) {
	key := newPair(f)
	sealed, err := key.Public().Seal(fp, example)
	require.NoError(f, err)
	f.Add(sealed)
	f.Add(key.public.head(fp))
	f.Add([]byte{version})
	f.Fuzz(func(t *testing.T, b []byte) {
		label, err := Read(b)
		if err != nil {
			_, _, err = key.Open(b)
			require.Error(t, err)
			return
		}
		assert.NotEmpty(t, label.Fingerprint)
		if _, secret, err := key.Open(b); err == nil {
			assert.Equal(t, example, secret, "nobody else has sealed anything")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	key := newPair(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := key.Public().Seal(fp, example); err != nil {
			b.Fatal(err)
		}
	}
}
