package behavior

import (
	"hash/maphash"
	"sync/atomic"
	"unique"
)

// interned are values that were shared lately, each in the one place that its hash leads to: few are used much.
var (
	interned [1 << 12]atomic.Pointer[string]
	internBy = maphash.MakeSeed()
)

// intern lets all tokens share one copy of a value.
func intern(s string) string {
	if s == "" {
		return ""
	}
	place := &interned[maphash.String(internBy, s)%uint64(len(interned))]
	if known := place.Load(); known != nil && *known == s {
		return *known
	}
	shared := unique.Make(s).Value()
	place.Store(&shared)
	return shared
}
