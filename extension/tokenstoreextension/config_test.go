package tokenstoreextension

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/holterhq/holter/internal/store"
)

func load(text string) (*Config, error) {
	var raw map[string]any
	if err := yaml.Unmarshal([]byte(text), &raw); err != nil {
		return nil, err
	}
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(raw).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestConfig(t *testing.T) {
	cfg, err := load(`{directory: d, retention: {minutes: 2d, hours: 60h, tokens: 10d}}`)
	require.NoError(t, err)
	assert.Equal(t, store.Retention{
		Minutes: 48 * time.Hour, Hours: 60 * time.Hour, Days: 730 * day, Tokens: 10 * day, Events: 730 * day, Journal: 730 * day,
	}, cfg.Retention.times())
}

func TestErrorsSayWhatWouldBeRight(t *testing.T) {
	for text, says := range map[string]string{
		`{}`: "directory: say where the store is to live, such as ./holter-data/store",
		`{directory: d, retention: {minutes: 1h}}`:           "retention::minutes: 1h0m0s: use at least 1d (default 7d)",
		`{directory: d, retention: {hours: 3d}}`:             "retention::hours: 3d: use at least 7d (default 90d)",
		`{directory: d, retention: {days: 30d}}`:             "retention::days: 30d: use at least 90d (default 730d)",
		`{directory: d, retention: {journal: 0s}}`:           "retention::journal: 0d: use at least 1d",
		`{directory: d, retention: {tokens: forever}}`:       `"forever": use days such as 90d, or a duration such as 36h`,
		`{directory: d, retention: {events: 99999999999d}}`:  `use days such as 90d`,
		`{directory: d, retention: {event: 90d}}`:            "event",
		`{directory: d, event_files: [a.jsonl, "[b"]}`:       `event_files::1: "[b": write the path of a file`,
		`{directory: d, retentions: {minutes: 2d}}`:          "retentions",
		`{directory: d, retention: {events: -5d}}`:           "use days such as 90d",
		`{directory: d, retention: {events: -5h}}`:           "retention::events: -5h0m0s: use at least 1d",
		`{directory: d, retention: {minutes: 8d, hours: 1}}`: "hours",
	} {
		_, err := load(text)
		assert.ErrorContains(t, err, says, text)
	}
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
			Extensions map[string]yaml.Node `yaml:"extensions"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(snippet), &file))
		node := file.Extensions["token_store"]
		settings, err := yaml.Marshal(&node)
		require.NoError(t, err)
		_, err = load(string(settings))
		require.NoError(t, err)
	}
	assert.Equal(t, 1, examples)
}
