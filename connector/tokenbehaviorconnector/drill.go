package tokenbehaviorconnector

import (
	"go.opentelemetry.io/collector/featuregate"

	"github.com/holterhq/holter/internal/behavior"
)

// drillRoute is the route on which learning fails during a drill.
const drillRoute = "/holter/drill/panic"

// drill lets operators, and the tests on the built binary, see for themselves what a bug in learning does to telemetry: nothing.
var drill = featuregate.GlobalRegistry().MustRegister(
	"connector.tokenbehavior.drill",
	featuregate.StageAlpha,
	featuregate.WithRegisterDescription("For failure drills: learning panics on requests to the route "+drillRoute+
		". Telemetry must go on, and health, log and metric must say what is off."),
)

// probe is what the engine calls with every observation; nil but during a drill.
func probe() func(*behavior.Observation) {
	if !drill.IsEnabled() {
		return nil
	}
	return func(o *behavior.Observation) {
		if o.Route == drillRoute {
			panic("a drill: the request asked for it")
		}
	}
}
