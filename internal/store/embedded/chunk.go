package embedded

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"sync/atomic"
)

// A chunk file is the rows of a bucket, or of a part of it: a header, blocks, a directory of these, and where the directory is.
//
//	header    "holter facts", version
//	blocks    of one kind after the other, in the order of their rows
//	directory of each block: kind, rows, first subject, difference to the last, bytes, checksum
//	footer    bytes and checksum of the directory, header once more
const (
	chunkHeader = "holter facts\x00\x01"
	footerSize  = 8 + len(chunkHeader)
)

var checksums = crc32.MakeTable(crc32.Castagnoli)

// errDamaged is what all errors say that come of a file's content.
var errDamaged = errors.New("damaged")

// place is where a block is, and what is in it.
type place struct {
	kind        uint8
	rows        uint32
	first, last uint32 // subjects
	offset      int64
	size        uint32
	checksum    uint32
}

// chunk is a file that does not change.
type chunk struct {
	id     int64
	level  level
	bucket int64
	rows   int64
	size   int64
	path   string

	users   atomic.Int64
	dropped atomic.Bool
	gone    sync.Once

	load   sync.Mutex
	places []place
}

// use keeps the file until done.
func (c *chunk) use() { c.users.Add(1) }

func (c *chunk) done() {
	if c.users.Add(-1) == 0 && c.dropped.Load() {
		c.remove()
	}
}

// drop removes the file as soon as nobody reads it.
func (c *chunk) drop() {
	c.dropped.Store(true)
	if c.users.Load() == 0 {
		c.remove()
	}
}

func (c *chunk) remove() { c.gone.Do(func() { _ = os.Remove(c.path) }) }

// directory of the file, read once.
func (c *chunk) directory(file io.ReaderAt) ([]place, error) {
	c.load.Lock()
	defer c.load.Unlock()
	if c.places != nil {
		return c.places, nil
	}
	places, err := readDirectory(file, c.size)
	if err != nil {
		return nil, err
	}
	c.places = places
	return places, nil
}

func readDirectory(file io.ReaderAt, size int64) ([]place, error) {
	if size < int64(len(chunkHeader)+footerSize) {
		return nil, fmt.Errorf("%w: %d bytes are too few", errDamaged, size)
	}
	footer := make([]byte, footerSize)
	if _, err := file.ReadAt(footer, size-int64(footerSize)); err != nil {
		return nil, readError(err)
	}
	if string(footer[8:]) != chunkHeader {
		return nil, fmt.Errorf("%w: it ends as no file of this version does", errDamaged)
	}
	length := int64(binary.LittleEndian.Uint32(footer))
	end := size - int64(footerSize)
	if length > end-int64(len(chunkHeader)) {
		return nil, fmt.Errorf("%w: its directory would be greater than itself", errDamaged)
	}
	directory := make([]byte, length)
	if _, err := file.ReadAt(directory, end-length); err != nil {
		return nil, readError(err)
	}
	if crc32.Checksum(directory, checksums) != binary.LittleEndian.Uint32(footer[4:]) {
		return nil, fmt.Errorf("%w: its directory has another checksum", errDamaged)
	}
	return parseDirectory(directory, end-length)
}

// readError tells what the file says of itself from what the disk says.
func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends early", errDamaged)
	}
	return err
}

// parseDirectory reads the places of blocks, which lie between the header and end.
func parseDirectory(directory []byte, end int64) ([]place, error) {
	places := make([]place, 0, len(directory)/12)
	offset := int64(len(chunkHeader))
	for len(directory) > 0 {
		var fields [5]uint64
		for i := range fields {
			v, n := binary.Uvarint(directory)
			if n <= 0 {
				return nil, fmt.Errorf("%w: its directory ends early", errDamaged)
			}
			fields[i], directory = v, directory[n:]
		}
		if len(directory) < 4 || fields[0] >= uint64(kinds) || fields[1] > blockRows || fields[2]+fields[3] > 1<<32-1 || fields[4] > uint64(end-offset) {
			return nil, fmt.Errorf("%w: a block is where none can be", errDamaged)
		}
		places = append(places, place{
			kind: uint8(fields[0]), rows: uint32(fields[1]), first: uint32(fields[2]), last: uint32(fields[2] + fields[3]),
			offset: offset, size: uint32(fields[4]), checksum: binary.LittleEndian.Uint32(directory),
		})
		directory = directory[4:]
		offset += int64(fields[4])
	}
	return places, nil
}

// reader reads blocks of one chunk.
type reader struct {
	chunk  *chunk
	file   *os.File
	places []place
	packed []byte
	decoder
}

// open goes to a chunk.
func (r *reader) open(c *chunk) error {
	r.chunk = c
	if err := r.reopen(); err != nil {
		return err
	}
	places, err := c.directory(r.file)
	if err != nil {
		r.close()
		return err
	}
	r.places = places
	return nil
}

func (r *reader) reopen() error {
	if r.file != nil {
		return nil
	}
	file, err := os.Open(r.chunk.path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: it is not there", errDamaged)
	}
	r.file = file
	return err
}

// close lets go of the file. Reading a block opens it again.

func (r *reader) close() {
	if r.file != nil {
		_ = r.file.Close()
		r.file = nil
	}
}

// of a kind are the blocks from one to before another.
func (r *reader) of(kind uint8) []place {
	from := sort.Search(len(r.places), func(i int) bool { return r.places[i].kind >= kind })
	to := from + sort.Search(len(r.places)-from, func(i int) bool { return r.places[from+i].kind > kind })
	return r.places[from:to]
}

// read reads one block. What it returns is good until the next call.
func (r *reader) read(p place, keep func(uint32) bool) (*section, error) {
	if cap(r.packed) < int(p.size) {
		r.packed = make([]byte, p.size)
	}
	packed := r.packed[:p.size]
	if err := r.reopen(); err != nil {
		return nil, err
	}
	if _, err := r.file.ReadAt(packed, p.offset); err != nil {
		return nil, readError(err)
	}
	if crc32.Checksum(packed, checksums) != p.checksum {
		return nil, fmt.Errorf("%w: a block has another checksum", errDamaged)
	}
	s, err := r.decode(packed, int(p.rows), keep)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return s, nil
}

// writer makes a chunk file of rows that come in the order of kind, subject, key and time.
type writer struct {
	file      output
	path      string // at the end
	out       *bufio.Writer
	encoder   encoder
	kind      uint8
	pending   section
	directory []byte
	packed    []byte
	size      int64
	rows      int64
}

const unfinished = ".tmp"

// output is a file that is written to.
type output interface {
	io.WriteCloser
	Sync() error
}

func create(path string) (output, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
}

func newWriter(path string, packed codec, create func(string) (output, error)) (*writer, error) {
	file, err := create(path + unfinished)
	if err != nil {
		return nil, err
	}
	w := &writer{file: file, path: path, encoder: encoder{codec: packed}, out: bufio.NewWriterSize(file, 1<<16), size: int64(len(chunkHeader))}
	if _, err := w.out.WriteString(chunkHeader); err != nil {
		w.abandon()
		return nil, err
	}
	return w, nil
}

// add writes the next row.
func (w *writer) add(kind uint8, r row, histogram []byte) error {
	if kind != w.kind || len(w.pending.rows) == blockRows {
		if err := w.flush(); err != nil {
			return err
		}
		w.kind = kind
	}
	w.pending.add(r, histogram)
	return nil
}

func (w *writer) flush() error {
	rows := w.pending.rows
	if len(rows) == 0 {
		return nil
	}
	w.packed = w.encoder.appendBlock(w.packed[:0], &w.pending)
	if _, err := w.out.Write(w.packed); err != nil {
		return err
	}
	first, last := rows[0].subject, rows[len(rows)-1].subject
	for _, field := range [...]uint64{uint64(w.kind), uint64(len(rows)), uint64(first), uint64(last - first), uint64(len(w.packed))} {
		w.directory = binary.AppendUvarint(w.directory, field)
	}
	w.directory = binary.LittleEndian.AppendUint32(w.directory, crc32.Checksum(w.packed, checksums))
	w.size += int64(len(w.packed))
	w.rows += int64(len(rows))
	w.pending.rows, w.pending.histograms = rows[:0], w.pending.histograms[:0]
	return nil
}

// finish leaves the file on the disk, whole and under its name.
func (w *writer) finish() error {
	err := w.flush()
	footer := binary.LittleEndian.AppendUint32(w.directory, uint32(len(w.directory)))
	footer = binary.LittleEndian.AppendUint32(footer, crc32.Checksum(w.directory, checksums))
	footer = append(footer, chunkHeader...)
	if err == nil {
		_, err = w.out.Write(footer)
	}
	if err == nil {
		err = w.out.Flush()
	}
	if err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		w.abandon()
		return err
	}
	w.size += int64(len(footer))
	if err = w.file.Close(); err == nil {
		err = os.Rename(w.path+unfinished, w.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(w.path))
	}
	if err != nil {
		_ = os.Remove(w.path + unfinished)
		_ = os.Remove(w.path)
	}
	return err
}

// abandon removes what was written.
func (w *writer) abandon() {
	_ = w.file.Close()
	_ = os.Remove(w.path + unfinished)
}

// syncFolder makes a new name in a folder last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	err = folder.Sync()
	return errors.Join(err, folder.Close())
}
