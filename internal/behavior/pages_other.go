//go:build !unix

package behavior

func newPages(size int) (text []byte, pages bool) { return make([]byte, size), false }

func freePages([]byte) {}
