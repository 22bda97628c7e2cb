package tokenresponseexporter

import "go.opentelemetry.io/collector/component"

// Config of token_response.
type Config struct {
	// Storage is the extension that holds the outbox.
	Storage *component.ID `mapstructure:"storage"`
	// DryRun holds acts back and says exactly what would have been sent. True by default.
	DryRun bool `mapstructure:"dry_run"`

	// prevent unkeyed literal initialization
	_ struct{}
}
