package embedded

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/holterhq/holter/internal/store"
)

// Write takes in a batch, unless it was written before.
func (s *Store) Write(ctx context.Context, b store.Batch) error {
	for i := range b.Facts {
		if f := &b.Facts[i]; f.Minute < 0 || f.Minute > math.MaxUint32 || f.Kind == 0 || int(f.Kind) >= kinds {
			return fmt.Errorf("fact %d of %d is of kind %d and minute %d since 1970: no such thing can be kept", i+1, len(b.Facts), f.Kind, f.Minute)
		}
	}
	if err := s.makeRoom(ctx); err != nil {
		return err
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	p := pipe{b.Engine, b.Pipe}
	if b.Engine != "" && s.sequences.has(p, b.Sequence) {
		return nil
	}
	b = s.withoutErased(b)
	hours, uses := s.sort(b.Facts)
	if err := s.commit(ctx, p, b, hours, uses); err != nil {
		return err
	}
	s.changed.notify()
	return nil
}

// makeRoom makes room in memory where there is none. It waits for the disk, and so holds back who writes faster than can be sealed.
func (s *Store) makeRoom(ctx context.Context) error {
	s.mu.RLock()
	over := s.rows > s.most
	s.mu.RUnlock()
	if !over {
		return nil
	}
	s.sealing.Lock()
	defer s.sealing.Unlock()
	return s.sealOldest(ctx)
}

// hour is what a batch has of one bucket.
type hour struct {
	bucket int64
	run    *run
}

// sort brings facts into runs by hour, and sums up what they mean for tokens.
func (s *Store) sort(facts []store.Fact) ([]hour, []use) {
	type part struct {
		rows       [kinds][]row
		histograms [kinds][][]byte
	}
	parts := map[int64]*part{}
	uses := map[uint32]*use{}
	var last *part
	lastBucket := int64(-1)
	for i := range facts {
		f := &facts[i]
		at := uint32(f.Minute)
		if bucket := minutes.bucket(at); bucket != lastBucket {
			lastBucket = bucket
			if last = parts[bucket]; last == nil {
				last = &part{}
				parts[bucket] = last
			}
		}
		subject := s.dictionary.subject(f.Subject)
		last.rows[f.Kind] = append(last.rows[f.Kind], row{subject: subject, key: s.dictionary.key(key{f.First, f.Second, f.Overflow}), at: at, value: f.Value})
		if f.Kind == store.Durations || f.Kind == store.RouteDurations {
			var packed []byte
			if f.Histogram != nil {
				packed = appendHistogram(nil, f.Histogram)
			}
			last.histograms[f.Kind] = append(last.histograms[f.Kind], packed)
		}
		if f.Subject.Token == "" {
			continue
		}
		u := uses[subject]
		if u == nil {
			u = &use{subject: subject, first: f.Minute, last: f.Minute}
			uses[subject] = u
		}
		u.first, u.last = min(u.first, f.Minute), max(u.last, f.Minute)
		if f.Kind == store.Outcomes {
			u.requests += f.Value
		}
	}
	var hours []hour
	for id, p := range parts {
		r := &run{}
		for k := range p.rows {
			if len(p.rows[k]) > 0 {
				r.sections[k] = sortRows(p.rows[k], p.histograms[k])
				r.rows += len(r.sections[k].rows)
			}
		}
		hours = append(hours, hour{id, r})
	}
	slices.SortFunc(hours, func(a, b hour) int { return int(a.bucket - b.bucket) })
	all := make([]use, 0, len(uses))
	for _, u := range uses {
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b use) int { return int(a.subject) - int(b.subject) })
	return hours, all
}

func (s *Store) commit(ctx context.Context, p pipe, b store.Batch, hours []hour, uses []use) error {
	var encoded [][]byte
	for _, h := range hours {
		encoded = append(encoded, encodeRun(h.run))
	}
	now := s.now.Load()
	numbers := make([]int64, len(hours))
	lastUse := s.lastUse
	var spans []span
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if b.Engine != "" {
			w := s.sequences[p]
			spans = w.with(b.Sequence)
			if err := w.save(tx, p, spans, now); err != nil {
				return err
			}
		}
		if err := s.dictionary.save(tx); err != nil {
			return err
		}
		for i, h := range hours {
			number, err := insert(tx, "INSERT INTO pending (level, bucket, rows) VALUES (?, ?, ?)", minutes, h.bucket, encoded[i])
			if err != nil {
				return err
			}
			numbers[i] = number
		}
		if len(uses) == 0 && len(b.Sightings) == 0 {
			return nil
		}
		data, err := encodeUses(uses, b.Sightings)
		if err != nil {
			return err
		}
		lastUse, err = insert(tx, "INSERT INTO uses (data) VALUES (?)", data)
		return err
	})
	if err != nil {
		return err
	}
	s.dictionary.saved()
	if b.Engine != "" {
		s.sequences[p] = &written{spans: spans, at: now}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, h := range hours {
		s.keep(minutes, h.bucket, kept{h.run, numbers[i]})
	}
	s.lastUse = lastUse
	s.unsaved += 8*len(uses) + 500*len(b.Sightings)
	s.apply(lastUse, uses, b.Sightings)
	return nil
}

func insert(tx *sql.Tx, statement string, arguments ...any) (int64, error) {
	result, err := tx.Exec(statement, arguments...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// keep holds a run in memory. Runs of like size become one, so that there are few, and each row is moved few times. The caller holds mu.
func (s *Store) keep(l level, id int64, k kept) {
	b := s.bucket(l, id)
	s.rows -= b.rows
	b.runs = append(b.runs, k)
	for n := len(b.runs); n > 1 && b.runs[n-2].rows < 2*b.runs[n-1].rows; n = len(b.runs) {
		b.runs = append(b.runs[:n-2:n-2], kept{merge(b.runs[n-2].run, b.runs[n-1].run), b.runs[n-1].number})
	}
	b.rows = 0
	for _, r := range b.runs {
		b.rows += r.rows
	}
	b.number, b.quiet = k.number, 0
	s.rows += b.rows
}

// encodeRun packs a run for the database: a checksum, and of each block kind, rows, bytes, and itself.
func encodeRun(r *run) []byte {
	var (
		e   = encoder{codec: quick}
		out = make([]byte, 4)
	)
	for k := range r.sections {
		s := &r.sections[k]
		for from := 0; from < len(s.rows); from += blockRows {
			part := s.part(from, min(from+blockRows, len(s.rows)))
			block := e.appendBlock(nil, &part)
			out = append(out, byte(k))
			out = binary.AppendUvarint(out, uint64(len(part.rows)))
			out = binary.AppendUvarint(out, uint64(len(block)))
			out = append(out, block...)
		}
	}
	binary.LittleEndian.PutUint32(out, crc32.Checksum(out[4:], checksums))
	return out
}

// part is some rows of a section, with histograms of their own.
func (s *section) part(from, to int) section {
	if from == 0 && to == len(s.rows) {
		return *s
	}
	p := section{rows: slices.Clone(s.rows[from:to])}
	begin := uint32(0)
	if from > 0 {
		begin = s.rows[from-1].end
	}
	for i := range p.rows {
		p.rows[i].end -= begin
	}
	p.histograms = s.histograms[begin : begin+p.rows[len(p.rows)-1].end]
	return p
}

func decodeRun(data []byte) (*run, error) {
	if len(data) < 4 || crc32.Checksum(data[4:], checksums) != binary.LittleEndian.Uint32(data) {
		return nil, errors.New("they have another checksum")
	}
	data = data[4:]
	r := &run{}
	var d decoder
	for len(data) > 0 {
		k := int(data[0])
		rows, n := binary.Uvarint(data[1:])
		if k >= kinds || n <= 0 || rows > blockRows {
			return nil, errBlock
		}
		data = data[1+n:]
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			return nil, errBlock
		}
		block, err := d.decode(data[n:n+int(size)], int(rows), nil)
		if err != nil {
			return nil, err
		}
		data = data[n+int(size):]
		for i, row := range block.rows {
			r.sections[k].add(row, block.histogram(i))
		}
	}
	for k := range r.sections {
		r.rows += len(r.sections[k].rows)
	}
	return r, nil
}

// encodeUses packs what a batch means for tokens: how many subjects, each with requests and its first and last minute; then sightings as JSON.
func encodeUses(uses []use, sightings []store.Sighting) ([]byte, error) {
	out := binary.AppendUvarint(nil, uint64(len(uses)))
	for _, u := range uses {
		out = binary.AppendUvarint(out, uint64(u.subject))
		out = binary.AppendVarint(out, u.requests)
		out = binary.AppendVarint(out, u.first)
		out = binary.AppendVarint(out, u.last-u.first)
	}
	if len(sightings) == 0 {
		return out, nil
	}
	text, err := json.Marshal(sightings)
	return append(out, text...), err
}

func decodeUses(data []byte, subjects uint32) ([]use, []store.Sighting, error) {
	errShort := errors.New("they end early")
	count, n := binary.Uvarint(data)
	if n <= 0 || count > uint64(len(data)) {
		return nil, nil, errShort
	}
	data = data[n:]
	uses := make([]use, count)
	for i := range uses {
		subject, n := binary.Uvarint(data)
		if n <= 0 || subject >= uint64(subjects) {
			return nil, nil, errShort
		}
		data = data[n:]
		var numbers [3]int64
		for j := range numbers {
			v, n := binary.Varint(data)
			if n <= 0 {
				return nil, nil, errShort
			}
			numbers[j], data = v, data[n:]
		}
		uses[i] = use{subject: uint32(subject), requests: numbers[0], first: numbers[1], last: numbers[1] + numbers[2]}
	}
	if len(data) == 0 {
		return uses, nil, nil
	}
	var sightings []store.Sighting
	err := json.Unmarshal(data, &sightings)
	return uses, sightings, err
}
