//go:build unix

package behavior

import "syscall"

// newPages is memory that the garbage collector does not know of, or does, where the system gives none.
func newPages(size int) (text []byte, pages bool) {
	text, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, size), false
	}
	return text, true
}

// freePages cannot fail: they are ours, and whole.
func freePages(text []byte) { _ = syscall.Munmap(text) }
