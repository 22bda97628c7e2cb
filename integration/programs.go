package integration

import (
	"os"
	"os/exec"
	"path/filepath"
)

// The programs that tests start.
var (
	collectorBin  = built("HOLTER_BIN", "otelcol-holter")
	companionBin  = built("HOLTER_COMPANION", "holter")
	prometheusBin = installed("prometheus")
	alertsBin     = installed("prometheus-alertmanager")
	nodeBin       = installed("node")
	chromiumBin   = installed("chromium")
	nginxBin      = installed("nginx")
	caddyBin      = installed("caddy")
)

// prove says that the proofs run at full scale.
var prove = os.Getenv("HOLTER_PROVE") != ""

func built(variable, name string) string {
	if path := os.Getenv(variable); path != "" {
		return absolute(path)
	}
	return absolute(filepath.Join("..", "build", name))
}

// installed is the system's own program, else the one that setup.sh unpacked.
func installed(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, path := range []string{filepath.Join("/usr/sbin", name), filepath.Join("..", "build", "tools", "usr", "sbin", name)} {
		if _, err := os.Stat(path); err == nil {
			return absolute(path) // not on everybody's PATH
		}
	}
	return absolute(filepath.Join("..", "build", "tools", "usr", "bin", name))
}

// absolute makes a path hold for processes that run in a folder of their own.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
