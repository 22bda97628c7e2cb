package prefetch

import (
	"testing"
	"unsafe"
)

// TestLines asks for memory that is there, for none, and for what is nobody's: whatever is asked for, nothing changes.
func TestLines(t *testing.T) {
	var text [300]byte
	for i := range text {
		text[i] = byte(i)
	}
	for from := range text {
		Lines(unsafe.Pointer(&text[from]), uintptr(len(text)-from))
		Lines(unsafe.Pointer(&text[from]), 0)
	}
	Lines(nil, 0)
	Lines(nil, 1<<12)
	Lines(unsafe.Pointer(&text[0]), 1<<24)
	for i := range text {
		if text[i] != byte(i) {
			t.Fatalf("byte %d became %d", i, text[i])
		}
	}
	if n := testing.AllocsPerRun(10, func() { Lines(unsafe.Pointer(&text[0]), uintptr(len(text))) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
