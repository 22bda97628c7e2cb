package tokenregistry

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/identity"
)

func encoded(b byte) string { return identity.EncodeKey(bytes.Repeat([]byte{b}, identity.KeyLength)) }

func TestFingerprintKeysFromListsAndFiles(t *testing.T) {
	first, second, third := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), bytes.Repeat([]byte{3}, 32)
	path := filepath.Join(t.TempDir(), "former.key")
	require.NoError(t, os.WriteFile(path, []byte(encoded(2)+"\n"+encoded(3)+"\n"), 0o600))
	cfg, err := load(t, "keys: {identity: "+encoded(9)+", fingerprints: [{id: "+identity.KeyID(first)+", key: "+encoded(1)+"}, {file: "+path+"}]}")
	require.NoError(t, err)
	keys, err := cfg.Keys.read()
	require.NoError(t, err)
	assert.Equal(t, first, keys.Fingerprint)
	assert.Equal(t, [][]byte{second, third}, keys.Former)

	cfg.Keys.Fingerprints[0].ID = identity.KeyID(second)
	_, err = cfg.Keys.read()
	require.ErrorContains(t, err, "keys::fingerprints[0]: id: this key's id is "+identity.KeyID(first)+`, not "`+identity.KeyID(second)+`": take the other key, or correct the id`)
	assert.NotContains(t, err.Error(), encoded(1))

	cfg.Keys.Fingerprints, cfg.Keys.FingerprintFile = nil, path
	keys, err = cfg.Keys.read()
	require.NoError(t, err)
	assert.Equal(t, second, keys.Fingerprint)
	cfg.Keys.FingerprintFile += ".missing"
	_, err = cfg.Keys.read()
	assert.ErrorContains(t, err, "keys::fingerprint_file: read key")
}

func TestSealConfig(t *testing.T) {
	for text, want := range map[string]string{
		"{public_key: YWJj}":                       "seal: public_key: it does not begin with holter-seal-public:",
		"{public_key: 'holter-seal-private:YWJj'}": "seal: public_key: this is the private key, which opens",
		"{to: backend}":                            `seal: to: "backend": write registry`,
		"{interval: 1ms}":                          "seal: interval: 1ms: write a duration of at least 1s",
		"{ttl: 1s}":                                "seal: ttl: 1s: write a duration of at least 1m",
		"{max_bytes: 1}":                           "seal: max_bytes: 1: write at least 65536",
		"{max_entries: 0}":                         "seal: max_entries: 0: write at least 1",
		"{public_key_file: /nowhere/key, to: attribute}":  "",
		"{ttl: 2h, max_bytes: 100_000, max_entries: 200}": "",
	} {
		_, err := load(t, "seal: "+text)
		if want == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorContains(t, err, want)
	}
	cfg, err := load(t, "seal: {public_key_file: /nowhere/key}")
	require.NoError(t, err)
	r, err := New(Settings{ID: component.MustNewID("token_registry"), Kind: component.KindExtension, Telemetry: componenttest.NewNopTelemetrySettings(), Health: new(teller)}, cfg)
	require.NoError(t, err)
	require.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), "seal::public_key_file: read key")
	require.NoError(t, r.Shutdown(t.Context()))
}

// What agents and whoever pretends to be one send is bounded, and refused where it is nothing sealed.
func TestWhatIsSentAsSealed(t *testing.T) {
	d := startDesk(t, "{keys: {identity: "+encoded(1)+"}, seal: {max_entries: 2}}")
	d.TakeSealed([]byte("nothing sealed"))
	d.TakeSealed([]byte(strings.Repeat("\x01", 1<<20)))
	_, ok := d.Sealed("nothing")
	assert.False(t, ok)
	assert.Zero(t, d.SealsEvery())
	assert.Nil(t, d.Outgoing())
	assert.False(t, d.Seal("tok_a", "", credential.Credential{Raw: "x"}), "without a key nothing is sealed")
}
