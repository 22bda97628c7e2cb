package tokenstoreexporter

import (
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/holterhq/holter/internal/tokenstore"
)

// Config of the token_store exporter.
type Config struct {
	// TokenStore is the extension that holds the store.
	TokenStore component.ID `mapstructure:"token_store"`
	// Queue is what waits for the store. Without it whoever sends waits, and sends again what the store did not take.
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// Retry is how what waits in the queue is tried again.
	Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.NumConsumers = 1 // the store writes one batch after another anyhow
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0 // a full disk may be full for long
	return &Config{TokenStore: tokenstore.DefaultID, Queue: configoptional.Default(queue), Retry: retry}
}

// Validate names every key that is wrong, and what would be right.
func (c *Config) Validate() error {
	if c.TokenStore == (component.ID{}) {
		return errors.New("token_store: name the extension that holds the store, such as token_store")
	}
	if c.Queue.HasValue() && c.Queue.Get().Batch.HasValue() && c.Queue.Get().Batch.Get().MaxSize > 0 {
		return errors.New("sending_queue::batch::max_size: leave it out: it would tear a batch in two, and the second half would be taken for a repeat of the first")
	}
	return nil
}
