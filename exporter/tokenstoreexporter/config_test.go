package tokenstoreexporter

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

func configOf(t *testing.T, text string) *Config {
	t.Helper()
	var raw map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &raw))
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(raw).Unmarshal(cfg))
	return cfg
}

func TestConfig(t *testing.T) {
	plain := configOf(t, `{}`)
	require.NoError(t, confmap.Validate(plain))
	assert.False(t, plain.Queue.HasValue(), "without a queue whoever sends keeps what is not taken")

	full := configOf(t, `{token_store: token_store/eu, sending_queue: {storage: file_storage, queue_size: 10}, retry_on_failure: {max_interval: 1m}}`)
	require.NoError(t, confmap.Validate(full))
	assert.Equal(t, component.MustNewIDWithName("token_store", "eu"), full.TokenStore)
	queue := full.Queue.Get()
	assert.Equal(t, 1, queue.NumConsumers)
	assert.Equal(t, component.MustNewID("file_storage"), *queue.StorageID)
	assert.Equal(t, [2]time.Duration{0, time.Minute}, [2]time.Duration{full.Retry.MaxElapsedTime, full.Retry.MaxInterval})
}

func TestErrorsSayWhatWouldBeRight(t *testing.T) {
	for text, says := range map[string]string{
		`{token_store: ""}`: "id must not be empty",
		`{sending_queue: {batch: {max_size: 100, min_size: 10, sizer: items}}}`: "sending_queue::batch::max_size: leave it out",
		`{sending_queue: {queue_size: -1}}`:                                     "queue_size",
	} {
		var raw map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(text), &raw))
		cfg := createDefaultConfig().(*Config)
		err := confmap.NewFromStringMap(raw).Unmarshal(cfg)
		if err == nil {
			err = confmap.Validate(cfg)
		}
		require.ErrorContains(t, err, says, text)
	}
}

func TestAnExtensionIsNeeded(t *testing.T) {
	require.ErrorContains(t, confmap.Validate(&Config{}), "token_store: name the extension that holds the store, such as token_store")
}

func TestTheExampleOfTheREADMEIsGood(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	examples := 0
	for i, part := range strings.Split(string(text), "```") {
		snippet, ok := strings.CutPrefix(part, "yaml\n")
		if !ok || i%2 == 0 {
			continue
		}
		examples++
		var file struct {
			Exporters map[string]map[string]any `yaml:"exporters"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(snippet), &file))
		cfg := createDefaultConfig()
		require.NoError(t, confmap.NewFromStringMap(file.Exporters["token_store"]).Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
	}
	assert.Equal(t, 1, examples)
}
