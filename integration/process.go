package integration

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Process is a program that a test has started. It is only ever ended by its process id.
type Process struct {
	t      testing.TB
	cmd    *exec.Cmd
	exited chan struct{}
}

// startProcess runs a program in a folder, with more environment variables than the test's own.
func startProcess(t testing.TB, log *Log, folder string, env map[string]string, program string, args ...string) *Process {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = folder
	cmd.Env = os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	p := &Process{t: t, cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the exit code is in ProcessState
		close(p.exited)
	}()
	t.Cleanup(p.Stop)
	return p
}

// Exited says whether the process has ended.
func (p *Process) Exited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Wait returns the exit code of a process that ends by itself.
func (p *Process) Wait(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(limit):
		p.t.Fatalf("%s should have ended by itself within %s", p.cmd.Path, limit)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Stop ends the process as an operator does and returns when it is gone. Stopping twice is fine.
func (p *Process) Stop() { p.signal(syscall.SIGTERM) }

// Kill9 ends the process as the kernel does when memory is short: nothing is flushed.
func (p *Process) Kill9() { p.signal(syscall.SIGKILL) }

func (p *Process) signal(signal syscall.Signal) {
	p.t.Helper()
	if p.Exited() {
		return
	}
	_ = p.cmd.Process.Signal(signal) // fails only if it has just ended
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.exited
		p.t.Errorf("%s did not end within %s of %s", p.cmd.Path, patience, signal)
	}
}
