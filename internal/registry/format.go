package registry

import (
	"fmt"
	"io"
	"mime"
	"path"
	"strings"
)

// Format is how a registry is written down.
type Format string

// Formats.
const (
	YAML Format = "yaml"
	JSON Format = "json"
	CSV  Format = "csv"
)

// maxBytes bounds what is read as a registry.
const maxBytes = 256 << 20

// Parse reads a registry. Its errors carry the path or the line of what is wrong, and never a value that could be a secret.
func (f Format) Parse(r io.Reader) (*Snapshot, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read registry: %w", err)
	}
	if len(b) > maxBytes {
		return nil, fmt.Errorf("registry is larger than %d MiB", maxBytes>>20)
	}
	switch f {
	case JSON:
		return parseJSON(b)
	case CSV:
		return parseCSV(b)
	}
	return parseYAML(b)
}

// FormatOf is the format that the end of a path names: YAML where it names none.
func FormatOf(name string) Format {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return JSON
	case ".csv":
		return CSV
	}
	return YAML
}

// formatOfType is the format of a media type; false where it says nothing.
func formatOfType(contentType string) (Format, bool) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", false
	}
	switch media {
	case "text/csv":
		return CSV, true
	case "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/vnd.yaml":
		return YAML, true
	}
	if media == "application/json" || strings.HasSuffix(media, "+json") {
		return JSON, true
	}
	return "", false
}
