package requests

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/holterhq/holter/internal/behavior"
)

// State is where what is remembered was saved: entries are saved in chunks, once each.
type State struct {
	Young  uint64 `json:"young"`
	Chunks int    `json:"chunks"` // of the young generation
	Before int    `json:"before"` // chunks of the old one
}

// Record is a piece of state under its key; a nil Value deletes it.
type Record struct {
	Key   string
	Value []byte
}

const (
	chunkVersion = 1
	entrySize    = 49
)

var errChunk = errors.New("malformed list of recent requests")

func (r *Recent) chunkKey(generation uint64, chunk int) string {
	return fmt.Sprintf("%s/%d/%d", r.name, generation, chunk)
}

// Save returns what was not saved yet, and deletes what is forgotten. Everything that saved says was written before.
func (r *Recent) Save(saved State) (State, []Record) {
	var records []Record
	forgotten := func(generation uint64, chunks int) {
		if generation+1 < r.young.number {
			for chunk := range chunks {
				records = append(records, Record{Key: r.chunkKey(generation, chunk)})
			}
		}
	}
	forgotten(saved.Young, saved.Chunks)
	if saved.Young > 0 {
		forgotten(saved.Young-1, saved.Before)
	}
	for _, g := range [...]*generation{r.old, r.young} {
		if g.saved < len(g.entries) {
			records = append(records, Record{Key: r.chunkKey(g.number, g.chunks), Value: encode(g.entries[g.saved:])})
			g.saved = len(g.entries)
			g.chunks++
		}
		for chunk := g.chunks; chunk < g.stale; chunk++ {
			records = append(records, Record{Key: r.chunkKey(g.number, chunk)})
		}
		g.stale = 0
	}
	return State{Young: r.young.number, Chunks: r.young.chunks, Before: r.old.chunks}, records
}

// Forget takes tokens out of what is remembered, and has all of it that was saved written anew. The requests stay known: one that comes again
// is still a duplicate.
func (r *Recent) Forget(tokens []string) {
	gone := make(map[uint32]bool, len(tokens))
	for _, token := range tokens {
		gone[max(1, behavior.Hash(token))] = true
	}
	for _, g := range [...]*generation{r.old, r.young} {
		for i := range g.entries {
			if !gone[g.entries[i].token] {
				continue
			}
			if g.entries[i].token = 0; i < g.saved {
				g.stale, g.chunks, g.saved = max(g.stale, g.chunks), 0, 0
			}
		}
	}
}

// Load reads what was saved into an empty Recent; get returns nil for a key that is not there.
func (r *Recent) Load(saved State, get func(key string) ([]byte, error)) error {
	r.young = newGeneration(saved.Young)
	r.old = newGeneration(saved.Young)
	if saved.Young > 0 {
		r.old = newGeneration(saved.Young - 1)
		if err := r.load(r.old, saved.Before, get); err != nil {
			return err
		}
	}
	return r.load(r.young, saved.Chunks, get)
}

func (r *Recent) load(g *generation, chunks int, get func(key string) ([]byte, error)) error {
	for chunk := range chunks {
		value, err := get(r.chunkKey(g.number, chunk))
		if err != nil {
			return err
		}
		if value == nil {
			continue
		}
		if err := decode(value, g.add); err != nil {
			return fmt.Errorf("%s: %w", r.chunkKey(g.number, chunk), err)
		}
	}
	g.saved, g.chunks = len(g.entries), chunks
	return nil
}

func encode(entries []entry) []byte {
	b := make([]byte, 0, 1+len(entries)*entrySize)
	b = append(b, chunkVersion)
	for i := range entries {
		e := &entries[i]
		b = binary.LittleEndian.AppendUint64(b, e.trace)
		b = binary.LittleEndian.AppendUint64(b, e.span)
		b = binary.LittleEndian.AppendUint64(b, e.parent)
		b = binary.LittleEndian.AppendUint64(b, uint64(e.start))
		b = binary.LittleEndian.AppendUint64(b, uint64(e.end))
		b = binary.LittleEndian.AppendUint32(b, e.token)
		b = binary.LittleEndian.AppendUint32(b, e.service)
		var flags byte
		for bit, set := range [...]bool{e.outbound, e.remote, e.counted} {
			if set {
				flags |= 1 << bit
			}
		}
		b = append(b, flags)
	}
	return b
}

func decode(b []byte, add func(entry)) error {
	if len(b) == 0 || (len(b)-1)%entrySize != 0 {
		return errChunk
	}
	if b[0] != chunkVersion {
		return fmt.Errorf("version %d, want %d", b[0], chunkVersion)
	}
	for b = b[1:]; len(b) > 0; b = b[entrySize:] {
		flags := b[48]
		add(entry{
			trace:    binary.LittleEndian.Uint64(b),
			span:     binary.LittleEndian.Uint64(b[8:]),
			parent:   binary.LittleEndian.Uint64(b[16:]),
			start:    int64(binary.LittleEndian.Uint64(b[24:])),
			end:      int64(binary.LittleEndian.Uint64(b[32:])),
			token:    binary.LittleEndian.Uint32(b[40:]),
			service:  binary.LittleEndian.Uint32(b[44:]),
			outbound: flags&1 != 0,
			remote:   flags&2 != 0,
			counted:  flags&4 != 0,
		})
	}
	return nil
}
