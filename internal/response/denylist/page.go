package denylist

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/holterhq/holter/internal/response"
)

// Page is the whole list, for gateways that ask for it once in a while and look up by themselves.
type Page struct {
	Tag   string // the same for the same content, on every instance and after every restart
	Lines []byte // a JSON document in each line: an Entry
	Plain []byte // the id of a token in each line; only of those that are refused wherever they go
}

const sumSize = 16

// sum is that of what the entry says.
func (e *Entry) sum() [sumSize]byte {
	text, _ := json.Marshal(e) // of texts and times
	sum := sha256.Sum256(text)
	return [sumSize]byte(sum[:sumSize])
}

// Page is the list as it is now, and a channel that is closed when it is another.
func (l *List) Page() (*Page, <-chan struct{}) {
	l.mu.RLock()
	page, changed := l.page, l.changed
	l.mu.RUnlock()
	if page != nil {
		return page, changed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.page == nil {
		l.page = l.write()
	}
	return l.page, l.changed
}

func (l *List) write() *Page {
	var all []*Entry
	for _, part := range l.entries {
		for _, entries := range part {
			all = append(all, entries...)
		}
	}
	slices.SortFunc(all, func(a, b *Entry) int { return cmp.Or(cmp.Compare(a.Token, b.Token), cmp.Compare(a.Act, b.Act)) })
	var lines, plain bytes.Buffer
	enc := json.NewEncoder(&lines)
	enc.SetEscapeHTML(false)
	last := ""
	for _, e := range all {
		_ = enc.Encode(e) // into memory
		if e.Action != response.Restrict && e.Token != last {
			plain.WriteString(e.Token + "\n")
			last = e.Token
		}
	}
	return &Page{Tag: hex.EncodeToString(l.version[:]) + "-" + strconv.Itoa(len(all)), Lines: lines.Bytes(), Plain: plain.Bytes()}
}
