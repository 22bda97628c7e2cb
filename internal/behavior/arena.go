package behavior

import (
	"encoding/binary"
	"runtime"
	"unsafe"

	"github.com/holterhq/holter/internal/prefetch"
)

// arena keeps many short texts that change in size, in chains of blocks that are all alike: what one gives up another uses, and nothing is
// left over for the garbage collector. Its memory is not the collector's where the system gives pages: the process would grow by as much
// again before the next collection.
type arena struct {
	chunks []*chunk
	blocks uint32 // given out, ever
	free   uint32 // the first block of a chain that nobody uses
}

const (
	blockSize   = 128
	blockText   = blockSize - 4 // the number of the next block comes first
	chunkBlocks = 8192
)

// chunk is memory for blocks, given back when nothing refers to the chunk any more. Its text alone does not count as referring to it.
type chunk struct{ text []byte }

func newChunk() *chunk {
	text, pages := newPages(chunkBlocks * blockSize)
	c := &chunk{text}
	if pages {
		runtime.AddCleanup(c, freePages, text)
	}
	return c
}

// block is the memory of a block, for as long as the arena is referred to. Numbers begin with 1.
func (a *arena) block(n uint32) []byte {
	at := (n - 1) % chunkBlocks * blockSize
	return a.chunks[(n-1)/chunkBlocks].text[at : at+blockSize : at+blockSize]
}

func (a *arena) take() uint32 {
	if n := a.free; n != 0 {
		a.free = binary.LittleEndian.Uint32(a.block(n))
		return n
	}
	if a.blocks%chunkBlocks == 0 {
		a.chunks = append(a.chunks, newChunk())
	}
	a.blocks++
	return a.blocks
}

// write puts a text into the chain that begins with a block, 0 for a new one, and returns its first block. The chain becomes as long as it
// has to be.
func (a *arena) write(first uint32, text []byte) uint32 {
	defer runtime.KeepAlive(a)
	if first == 0 {
		first = a.take()
		clear(a.block(first)[:4])
	}
	for n := first; ; {
		b := a.block(n)
		text = text[copy(b[4:], text):]
		next := binary.LittleEndian.Uint32(b)
		if len(text) == 0 {
			clear(b[:4])
			a.drop(next)
			return first
		}
		if next == 0 {
			next = a.take()
			clear(a.block(next)[:4])
			binary.LittleEndian.PutUint32(b, next)
		}
		n = next
	}
}

// read appends a text of a size to into.
func (a *arena) read(first uint32, size int, into []byte) []byte {
	defer runtime.KeepAlive(a)
	for n := first; size > 0; {
		b := a.block(n)
		into = append(into, b[4:4+min(size, blockText)]...)
		size -= blockText
		n = binary.LittleEndian.Uint32(b)
	}
	return into
}

// await asks for some chains, which it reads up to their last blocks for that, one step along all of them after the other. It forgets where
// they began.
func (a *arena) await(chains []uint32) {
	defer runtime.KeepAlive(a)
	for going := true; going; {
		going = false
		for i, n := range chains {
			if n != 0 {
				b := a.block(n)
				prefetch.Lines(unsafe.Pointer(&b[0]), blockSize)
				chains[i] = binary.LittleEndian.Uint32(b)
				going = true
			}
		}
	}
}

// drop gives up a chain.
func (a *arena) drop(first uint32) {
	for n := first; n != 0; {
		b := a.block(n)
		next := binary.LittleEndian.Uint32(b)
		binary.LittleEndian.PutUint32(b, a.free)
		a.free, n = n, next
	}
}
