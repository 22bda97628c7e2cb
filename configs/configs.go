// Package configs holds the configurations that ship with Holter.
package configs

import _ "embed"

// Default is what otelcol-holter runs when it is given no --config.
//
//go:embed default.yaml
var Default string
