package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/service"

	"github.com/holterhq/holter/configs"
	"github.com/holterhq/holter/internal/hint"
)

// effectiveConfig is the configuration in force: what is left after every --config and --set is merged and every
// ${env:…} is put in. The banner and the hints are made from it.
type effectiveConfig struct{ conf map[string]any }

// ownTypes are the component types that Holter adds.
var ownTypes = map[string]bool{"token_identity": true, "token_behavior": true, "token_registry": true, "token_response": true, "token_store": true, "token_console": true}

// factory hooks it into the Collector as the last converter.
func (e *effectiveConfig) factory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter { return e })
}

// Convert implements confmap.Converter. It refuses durations of Holter's own components that have no unit: the Collector
// would take them as nanoseconds.
func (e *effectiveConfig) Convert(_ context.Context, conf *confmap.Conf) error {
	e.conf = conf.ToStringMap()
	sections, err := configSections()
	if err != nil {
		return err
	}
	if lines := hint.BareDurations(e.conf, sections, slices.Collect(maps.Keys(ownTypes))...); len(lines) > 0 {
		return errors.New(strings.Join(lines, "\n"))
	}
	return componentHealth(conf)
}

// explain adds to an error of the Collector what would be right.
func (e *effectiveConfig) explain(err error) error {
	sections, failed := configSections()
	if failed != nil || e.conf == nil {
		return err
	}
	if lines := hint.For(err, e.conf, sections); len(lines) > 0 {
		return fmt.Errorf("%w\n\n  %s", err, strings.Join(lines, "\n  "))
	}
	return err
}

func configSections() ([]hint.Section, error) {
	factories, err := components()
	if err != nil {
		return nil, err
	}
	return []hint.Section{
		{Name: "receivers", Types: defaults(factories.Receivers)},
		{Name: "processors", Types: defaults(factories.Processors)},
		{Name: "exporters", Types: defaults(factories.Exporters)},
		{Name: "connectors", Types: defaults(factories.Connectors)},
		{Name: "extensions", Types: defaults(factories.Extensions)},
		{Name: "service", Self: service.Config{}},
	}, nil
}

func defaults[F component.Factory](factories map[component.Type]F) map[string]any {
	types := make(map[string]any, len(factories))
	for kind, factory := range factories {
		types[kind.String()] = factory.CreateDefaultConfig()
	}
	return types
}

// withDefaultConfig keeps the embedded configuration below --set, which alone would replace it.
func withDefaultConfig(args []string) []string {
	var set bool
	for _, arg := range args {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case !strings.HasPrefix(arg, "-"):
		case name == "config":
			return args
		case name == "set":
			set = true
		}
	}
	if !set {
		return args
	}
	return append(args, "--config=yaml:"+configs.Default)
}

// providerModules tells the Collector where its configuration providers come from, by scheme.
func providerModules() map[string]string {
	const prefix = "go.opentelemetry.io/collector/confmap/provider/"
	modules := make(map[string]string)
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return modules
	}
	for _, module := range info.Deps {
		if name, found := strings.CutPrefix(module.Path, prefix); found {
			modules[strings.TrimSuffix(name, "provider")] = module.Path + " " + module.Version
		}
	}
	return modules
}
