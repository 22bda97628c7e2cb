// Command otelcol-holter is the OpenTelemetry Collector with Holter's components, and a configuration to start from.
package main

import (
	"fmt"
	"os"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/httpprovider"
	"go.opentelemetry.io/collector/confmap/provider/httpsprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"

	"github.com/holterhq/holter/configs"
)

// version is dist::version of builder-config.yaml.
const version = "0.1.0"

func main() {
	if os.Getenv("HOLTER_DATA") == "" {
		_ = os.Unsetenv("HOLTER_DATA") // set but empty would put the data into the root folder
	}
	conf := &effectiveConfig{}
	cmd := otelcol.NewCommand(otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "otelcol-holter", Description: "Holter: a heart monitor for API tokens", Version: version},
		Factories: components,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs: []string{"yaml:" + configs.Default},
			ProviderFactories: []confmap.ProviderFactory{
				envprovider.NewFactory(), fileprovider.NewFactory(), httpprovider.NewFactory(), httpsprovider.NewFactory(), yamlprovider.NewFactory(),
			},
			ConverterFactories: []confmap.ConverterFactory{conf.factory()},
		}},
		ProviderModules: providerModules(),
		LoggingOptions:  []zap.Option{zap.Hooks(conf.announce(os.Stderr))},
	})
	cmd.SilenceErrors = true
	cmd.SetArgs(withDefaultConfig(os.Args[1:]))
	if err := cmd.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", conf.explain(err))
		os.Exit(1)
	}
}
