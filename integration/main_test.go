package integration

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	for _, need := range []struct{ path, remedy string }{
		{collectorBin, "run make build first"},
		{companionBin, "run make build first"},
		{nodeBin, "run integration/setup.sh first"},
		{"node/node_modules/express", "run integration/setup.sh first"},
		{prometheusBin, "run integration/setup.sh first"},
		{nginxBin, "run integration/setup.sh first"},
		{caddyBin, "run integration/setup.sh first"},
		{postgresBin + "/postgres", "run integration/setup.sh first"},
	} {
		if _, err := os.Stat(need.path); err != nil {
			fmt.Fprintf(os.Stderr, "integration: %s is missing: %s\n", need.path, need.remedy)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
