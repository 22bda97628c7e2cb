package integration

import (
	"bytes"
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
)

// The first bytes of what compressors write.
var (
	gzipMagic = []byte{0x1f, 0x8b, 0x08}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// unpack returns the data and what was compressed inside it, wherever in it that began.
func unpack(data []byte) [][]byte {
	layers := [][]byte{data}
	layers = append(layers, frames(data, gzipMagic, func(frame io.Reader) (io.Reader, error) { return gzip.NewReader(frame) })...)
	return append(layers, frames(data, zstdMagic, func(frame io.Reader) (io.Reader, error) { return zstd.NewReader(frame) })...)
}

// frames decompresses from each place where the magic bytes stand, as far as it goes.
func frames(data, magic []byte, open func(io.Reader) (io.Reader, error)) [][]byte {
	var found [][]byte
	for at := 0; ; at++ {
		next := bytes.Index(data[at:], magic)
		if next < 0 {
			return found
		}
		at += next
		reader, err := open(bytes.NewReader(data[at:]))
		if err != nil {
			continue // these bytes stood there by chance
		}
		inside, _ := io.ReadAll(io.LimitReader(reader, 256<<20)) // what follows a frame is no error
		if len(inside) > 0 {
			found = append(found, inside)
		}
	}
}
