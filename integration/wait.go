package integration

import (
	"testing"
	"time"
)

// patience bounds every wait. It is generous because a busy machine is no failure; what must be fast is measured.
const patience = 60 * time.Second

// waitFor returns as soon as seen says so, and fails the test when it never does.
func waitFor(t testing.TB, what string, seen func() bool) {
	t.Helper()
	waitLong(t, what, patience, seen)
}

// waitLong is waitFor for what may take its time.
func waitLong(t testing.TB, what string, limit time.Duration, seen func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !seen() {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting for %s after %s", what, limit)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
