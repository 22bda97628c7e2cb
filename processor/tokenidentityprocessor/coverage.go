package tokenidentityprocessor

import (
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadata"
)

// state is whether a server span carries a credential.
type state uint8

const (
	without state = iota
	with
	unreadable
	states
)

var stateNames = [states]string{"without", "with", "unreadable"}

// otherService is the name under which services beyond the limit are counted.
const otherService = "other"

// coverage counts server spans by service and state. The number of services is bounded.
type coverage struct {
	counter metric.Int64Counter
	limit   int

	mu       sync.Mutex
	services map[string]*[states]metric.MeasurementOption
}

func newCoverage(telemetry *metadata.TelemetryBuilder, limit int) *coverage {
	return &coverage{counter: telemetry.TokenIdentitySpans, limit: limit, services: make(map[string]*[states]metric.MeasurementOption)}
}

// add counts the spans of one resource.
func (c *coverage) add(ctx context.Context, service string, counts [states]int64) {
	if counts == ([states]int64{}) {
		return
	}
	options := c.options(service)
	for s, n := range counts {
		if n > 0 {
			c.counter.Add(ctx, n, options[s])
		}
	}
}

func (c *coverage) options(service string) *[states]metric.MeasurementOption {
	c.mu.Lock()
	defer c.mu.Unlock()
	if options := c.services[service]; options != nil {
		return options
	}
	if len(c.services) >= c.limit && service != otherService {
		service = otherService
		if options := c.services[service]; options != nil {
			return options
		}
	}
	service = strings.Clone(service)
	var options [states]metric.MeasurementOption
	for s, name := range stateNames {
		options[s] = metric.WithAttributeSet(attribute.NewSet(attribute.String(otelattr.ServiceName, service), attribute.String("state", name)))
	}
	c.services[service] = &options
	return &options
}
