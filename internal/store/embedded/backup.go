package embedded

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Backup writes a tar file of the store as it is now. Writing goes on meanwhile.
func (s *Store) Backup(ctx context.Context, to io.Writer) error {
	folder, err := os.MkdirTemp(s.folder, "backup-")
	if err != nil {
		return full(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	copied := filepath.Join(folder, databaseName)
	chunks, err := s.freeze(ctx, copied)
	if err != nil {
		return err
	}
	defer func() {
		for _, c := range chunks {
			c.done()
		}
	}()
	out := tar.NewWriter(to)
	if err := addFile(out, databaseName, copied); err != nil {
		return err
	}
	for _, c := range chunks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := addFile(out, c.level.file(c.bucket, c.id), c.path); err != nil {
			return err
		}
	}
	return out.Close()
}

// freeze copies the database, and holds the chunks that it speaks of.
func (s *Store) freeze(ctx context.Context, path string) ([]*chunk, error) {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := s.db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return nil, full(fmt.Errorf("copying the database: %w", err))
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var chunks []*chunk
	for l := range levels {
		for _, b := range s.buckets[l] {
			for _, c := range b.chunks {
				c.use()
				chunks = append(chunks, c)
			}
		}
	}
	return chunks, nil
}

func addFile(out *tar.Writer, name, path string) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o600, ModTime: info.ModTime()}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(out, file)
	return err
}
