package tokenidentityprocessor

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/otelattr"
)

func TestEraseToHints(t *testing.T) {
	cfg := testConfig()
	cfg.Erase.Mode = eraseToHint
	r := startedRig(t, cfg, newHost())
	key := secretKey(50)
	hint := "corp_…" + key[len(key)-4:]
	basic := base64.StdEncoding.EncodeToString([]byte("deploy bot:hunter22-and-more"))
	got := ofSpan(t, r.engine, map[string]any{
		"http.request.header.x-api-key": key, "url.full": "https://a.test/?a=b&api_key=" + key + "&c=d", "corp.note": "used " + key + " twice",
		"http.request.header.authorization": "Basic " + basic,
	})
	assert.Equal(t, hint, got["http.request.header.x-api-key"])
	assert.Equal(t, "https://a.test/?a=b&api_key="+hint+"&c=d", got["url.full"])
	assert.Equal(t, "used "+hint+" twice", got["corp.note"])
	assert.Equal(t, "Basic basic/deploy.bot…", got["http.request.header.authorization"])

	again := ofSpan(t, r.engine, got)
	for name, value := range got {
		assert.Equal(t, value, again[name], "the next reader takes hints for masked: %s", name)
	}
}

func TestFingerprintsForPlaceholders(t *testing.T) {
	cfg := testConfig()
	cfg.Erase.Placeholder = fingerprintPlaceholder
	cfg.Attributes = []string{otelattr.TokenFingerprint}
	require.NoError(t, cfg.Erase.Validate())
	r := startedRig(t, cfg, newHost())
	key := secretKey(51)
	got := ofSpan(t, r.engine, map[string]any{"http.request.header.authorization": "Bearer " + key, "url.query": "token=" + key, "corp.note": key})
	print, _ := got[otelattr.TokenFingerprint].(string)
	require.Len(t, print, 29)
	assert.Equal(t, "Bearer "+print, got["http.request.header.authorization"])
	assert.Equal(t, "token="+print, got["url.query"])
	assert.Equal(t, print, got["corp.note"])
	again := ofSpan(t, r.engine, map[string]any{"http.request.header.authorization": "Bearer " + print, "url.query": "token=" + print})
	assert.NotContains(t, again, otelattr.TokenID, "a fingerprint is no credential")
	assert.Equal(t, "token="+print, again["url.query"])
}

func TestOffForANamedAttributeOnly(t *testing.T) {
	cfg := testConfig()
	cfg.Erase.Off = []string{"http.request.header.x-api-key", "corp.signed"}
	r := startedRig(t, cfg, newHost())
	warnings := r.logs.FilterMessageSnippet("not erased").All()
	require.Len(t, warnings, 1)
	assert.Equal(t, zap.WarnLevel, warnings[0].Level)
	key := secretKey(52)
	got := ofSpan(t, r.engine, map[string]any{
		"http.request.header.x-api-key": []any{key}, "corp.signed": "https://a.test/?sig=" + key, "url.query": "api_key=" + key, "corp.note": key,
	})
	assert.Equal(t, []any{key}, got["http.request.header.x-api-key"])
	assert.Equal(t, "https://a.test/?sig="+key, got["corp.signed"])
	assert.Equal(t, "api_key=REDACTED", got["url.query"])
	assert.Equal(t, "REDACTED", got["corp.note"])
	assert.Equal(t, idOf(t, startedRig(t, testConfig(), newHost()).engine, key), got[otelattr.TokenID])
}

func TestHighEntropyIsAPolicy(t *testing.T) {
	cfg := testConfig()
	cfg.Erase.HighEntropy.Enabled = false
	r := startedRig(t, cfg, newHost())
	key, pat := secretKey(53), "glpat-x1y2x1y2x1y2x1y2x1y2"
	for text, want := range map[string]string{
		"started with api_key=" + key:                "started with api_key=" + key,
		"the token " + key + " is unknown":           "the token " + key + " is unknown",
		"started with api_key=" + pat:                "started with api_key=REDACTED",
		"called https://a.test/?api_key=" + key:      "called https://a.test/?api_key=REDACTED",
		"sent Authorization: Bearer " + key + "\r\n": "sent Authorization: Bearer REDACTED\r\n",
	} {
		assert.Equal(t, want, ofSpan(t, r.engine, map[string]any{"corp.note": text})["corp.note"])
	}
	got := ofSpan(t, r.engine, map[string]any{"corp.api_key": key})
	assert.Equal(t, "REDACTED", got["corp.api_key"], "an attribute of that name holds nothing else")
}

func TestEraseConfigSaysWhatWouldBeRight(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`mode: "mask": write erase, or hint`: func(c *Config) { c.Erase.Mode = "mask" },
		`off[0]: "" is no attribute`:         func(c *Config) { c.Erase.Off = []string{""} },
		`placeholder: is empty`:              func(c *Config) { c.Erase.Placeholder = "" },
	} {
		cfg := testConfig()
		change(cfg)
		require.ErrorContains(t, cfg.Erase.Validate(), want)
	}
	for want, change := range map[string]func(*SourcesConfig){
		`span[0]: "attributes[" is no OTTL value`: func(c *SourcesConfig) { c.OTTL.Span = []string{"attributes["} },
	} {
		cfg := testConfig()
		change(&cfg.Sources)
		require.ErrorContains(t, cfg.Sources.OTTL.Validate(), want)
	}
	require.ErrorContains(t, (&TrustedIDConfig{Attribute: "a.b", Kind: "hash"}).Validate(), `kind: "hash": write id, or fingerprint`)
	require.ErrorContains(t, (&TrustedIDConfig{}).Validate(), `attribute: "" is no attribute`)
	require.ErrorContains(t, (&SourcesConfig{Resource: []string{"default"}}).Validate(), `resource[0]`)
}
