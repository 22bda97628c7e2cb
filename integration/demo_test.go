package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The companion's demo steals one key of a fleet and exits with an error if it was missed or if too much else was raised.
func TestDemo(t *testing.T) {
	seeds, duration := []int{3}, "15s"
	if prove {
		seeds, duration = []int{211, 212, 213, 214, 215, 216, 217, 218, 219, 220}, "1m"
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			log := &Log{}
			demo := startProcess(t, log, t.TempDir(), nil, companionBin,
				"demo", "--collector", collectorBin, "--seed", fmt.Sprint(seed), "--duration", duration)
			code := demo.Wait(5 * time.Minute)
			t.Log("\n" + log.Tail(40))
			require.Zero(t, code)
		})
	}
}
