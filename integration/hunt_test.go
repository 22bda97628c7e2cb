package integration

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

const planted = `+/EieMp/SHXm"BT8<O7wYdFcO3T&HX8Fjz=`

func TestHuntFindsAPlantedSecret(t *testing.T) {
	hunt := newHunt(map[string]string{"planted": planted})
	asJSON, err := json.Marshal(map[string]string{"key": planted})
	require.NoError(t, err)

	hidden := map[string][]byte{
		"plain":                 []byte("authorization=" + planted + ";"),
		"cut short":             []byte(planted[:len(planted)-6] + "…"),
		"JSON":                  asJSON,
		"query":                 []byte("?k=" + url.QueryEscape(planted)),
		"query, lower case":     []byte(strings.ToLower("?k=") + lowerEscapes(url.QueryEscape(planted))),
		"path":                  []byte("/" + url.PathEscape(planted)),
		"hex":                   []byte(hex.EncodeToString([]byte(planted))),
		"HEX":                   []byte(fmt.Sprintf("%X", planted)),
		"gzip":                  gzipped(t, "key "+planted),
		"zstd behind something": append([]byte("header"), zstandard(t, "key "+planted)...),
	}
	for prefix := range 4 {
		text := []byte(strings.Repeat("u", prefix) + planted + ":p")
		hidden[fmt.Sprintf("base64 behind %d bytes", prefix)] = []byte(base64.StdEncoding.EncodeToString(text))
		hidden[fmt.Sprintf("base64url behind %d bytes", prefix)] = []byte(base64.RawURLEncoding.EncodeToString(text))
	}
	for how, data := range hidden {
		t.Run(how, func(t *testing.T) { require.NotEmpty(t, hunt.Search("here", data)) })
	}
}

func TestHuntFindsAPlantedFile(t *testing.T) {
	hunt := newHunt(map[string]string{"planted": planted})
	folder := t.TempDir()
	deep := filepath.Join(folder, "state", "connector")
	require.NoError(t, os.MkdirAll(deep, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(deep, "clean"), []byte("tok_abc api_…wxyz"), 0o600))
	require.Empty(t, hunt.SearchFolder(t, folder))

	require.NoError(t, os.WriteFile(filepath.Join(deep, "journal"), []byte("\x00\x01"+planted), 0o600))
	require.Equal(t, []string{"/state/connector/journal"}, places(hunt.SearchFolder(t, folder)))
	require.Empty(t, hunt.SearchFolder(t, folder, "journal"))
}

func TestHuntIsNotAlarmedByAHint(t *testing.T) {
	hunt := newHunt(map[string]string{"key": "shop_live_8fK2pQ9zLmN4vX7w"})
	require.Empty(t, hunt.Search("here", []byte(`api_token.hint="shop_live_…vX7w"`)))
}

// places are where something was found, each once.
func places(found []string) []string {
	var all []string
	for _, hit := range found {
		place, _, _ := strings.Cut(hit, ":")
		if len(all) == 0 || all[len(all)-1] != place {
			all = append(all, place)
		}
	}
	return all
}

func gzipped(t *testing.T, text string) []byte {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, err := writer.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return buffer.Bytes()
}

func zstandard(t *testing.T, text string) []byte {
	writer, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return writer.EncodeAll([]byte(text), nil)
}
