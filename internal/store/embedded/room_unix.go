//go:build linux || darwin

package embedded

import (
	"os"

	"golang.org/x/sys/unix"
)

// room is how much the process may still write to a folder's disk.
func room(folder string) (bytes uint64, known bool) {
	var disk unix.Statfs_t
	if unix.Statfs(folder, &disk) != nil {
		return 0, false
	}
	blocks := disk.Bavail
	if os.Geteuid() == 0 { // what is left for root is left
		blocks = disk.Bfree
	}
	return blocks * uint64(disk.Bsize), true //nolint:gosec // no size is below zero
}
