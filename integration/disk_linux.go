package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// fillDisk makes every write of the process fail that would make a file longer than so many bytes, as on a full disk. It
// needs no root and no disk to fill, and only this process is hit.
func (p *Process) fillDisk(t testing.TB, bytes uint64) {
	t.Helper()
	limit := unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}
	require.NoError(t, unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil))
}

// emptyDisk gives the room back.
func (p *Process) emptyDisk(t testing.TB) {
	t.Helper()
	p.fillDisk(t, unix.RLIM_INFINITY)
}
