package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// macs names what is hashed under one key: a prefix, and 26 letters. The hashes are used again, because entering the key costs as much
// as hashing a credential.
type macs struct {
	prefix string
	idle   *sync.Pool
}

// mac is one hash with its buffers.
type mac struct {
	hash.Hash
	what []byte
	sum  [sha256.Size]byte
	text []byte
}

// named is how much of a sum goes into a name.
const named = 16

func newMACs(prefix string, key []byte) macs {
	return macs{prefix: prefix, idle: &sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, key)} }}}
}

func (m macs) name(tenant, what string) string {
	h := m.idle.Get().(*mac)
	h.Reset()
	h.what = append(append(append(h.what[:0], tenant...), 0), what...)
	h.Write(h.what)
	clear(h.what) // it may hold a credential
	h.text = encoding.AppendEncode(append(h.text[:0], m.prefix...), h.Sum(h.sum[:0])[:named])
	name := string(h.text)
	m.idle.Put(h)
	return name
}
