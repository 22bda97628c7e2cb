//go:build amd64 || arm64

package prefetch

import "unsafe"

// Lines asks for the lines of cache that hold so many bytes from a place on. It changes nothing and never faults, wherever the place is.
//
//go:noescape
func Lines(at unsafe.Pointer, bytes uintptr)
