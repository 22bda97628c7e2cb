package jwks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	largest   = 1 << 20 // bytes of a document
	mostKeys  = 200     // of one issuer
	mostAwait = 1000    // ids of keys that are waited for
)

// Soonest is the least time between two fetches of one issuer's keys, however many tokens name keys that are not known.
const Soonest = 5 * time.Second

// keys are those of one issuer.
type keys struct {
	Issuer
	algorithms []jose.SignatureAlgorithm
	client     *http.Client
	told       Told
	soonest    time.Duration

	set     atomic.Pointer[[]jose.JSONWebKey] // nil: never read
	fetched atomic.Uint64                     // how often keys were asked for, with success or without
	read    atomic.Uint64                     // how often with success
	changed atomic.Uint64                     // how often they were others than before
	ask     chan struct{}

	mu      sync.Mutex
	awaited map[string]uint64 // ids of unknown keys, and how often the set had been read when the first token named one
}

func newKeys(issuer Issuer, client *http.Client, told Told) *keys {
	if len(issuer.Algorithms) == 0 {
		issuer.Algorithms = Algorithms
	}
	k := &keys{Issuer: issuer, client: client, told: told, soonest: Soonest, ask: make(chan struct{}, 1), awaited: make(map[string]uint64)}
	for _, name := range issuer.Algorithms {
		k.algorithms = append(k.algorithms, jose.SignatureAlgorithm(name))
	}
	return k
}

func (k *keys) current() []jose.JSONWebKey {
	if set := k.set.Load(); set != nil {
		return *set
	}
	return nil
}

// expects says whether a key that is not in the set may still turn up in it: until the set has been read once since the key was
// first named. It has that done soon.
func (k *keys) expects(id string) bool {
	reads := k.read.Load()
	if k.set.Load() == nil {
		return true // the first reading is under way
	}
	k.mu.Lock()
	since, ok := k.awaited[id]
	if !ok {
		if len(k.awaited) >= mostAwait {
			clear(k.awaited)
		}
		since = reads
		k.awaited[id] = since
	}
	k.mu.Unlock()
	if reads > since {
		return false
	}
	select {
	case k.ask <- struct{}{}:
	default:
	}
	return true
}

// run reads the keys now, then as often as is configured, and soon when a token names one that is not known.
func (k *keys) run(ctx context.Context) {
	failures := 0
	for {
		began := time.Now()
		err := k.fetch(ctx)
		if ctx.Err() != nil {
			return
		}
		k.told(k.Name, err)
		wait := k.Refresh
		if err != nil {
			wait = min(wait, k.soonest<<min(failures, 6))
			failures++
		} else {
			failures = 0
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-k.ask:
			timer.Reset(max(0, k.soonest-time.Since(began)))
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// fetch reads the keys. What was read before stays in force if that fails.
func (k *keys) fetch(ctx context.Context) error {
	defer k.fetched.Add(1)
	document, err := k.document(ctx)
	if err != nil {
		return err
	}
	set, err := parse(document)
	if err != nil {
		return err
	}
	before := k.set.Load()
	same := before != nil && slices.EqualFunc(*before, set, func(a, b jose.JSONWebKey) bool { return a.KeyID == b.KeyID && equal(a, b) })
	if !same {
		k.set.Store(&set)
		k.changed.Add(1)
	}
	k.read.Add(1)
	return nil
}

func equal(a, b jose.JSONWebKey) bool {
	x, errX := a.MarshalJSON()
	y, errY := b.MarshalJSON()
	return errX == nil && errY == nil && string(x) == string(y)
}

func (k *keys) document(ctx context.Context) ([]byte, error) {
	if k.File != "" {
		b, err := os.ReadFile(k.File)
		if err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		return b, nil
	}
	url := k.URL
	if url == "" {
		b, err := k.get(ctx, strings.TrimSuffix(k.Name, "/")+"/.well-known/openid-configuration")
		if err != nil {
			return nil, err
		}
		var found struct {
			Issuer string `json:"issuer"`
			URL    string `json:"jwks_uri"`
		}
		switch err := json.Unmarshal(b, &found); {
		case err != nil:
			return nil, fmt.Errorf("discovery document: %w", err)
		case found.Issuer != k.Name:
			return nil, fmt.Errorf("discovery document: it is of issuer %q: configure the issuer exactly so", found.Issuer)
		case found.URL == "":
			return nil, errors.New("discovery document: jwks_uri is missing: configure jwks_url")
		}
		url = found.URL
	}
	return k.get(ctx, url)
}

func (k *keys) get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := k.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", url, response.Status)
	}
	b, err := io.ReadAll(io.LimitReader(response.Body, largest+1))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", url, err)
	}
	if len(b) > largest {
		return nil, fmt.Errorf("get %s: more than %d bytes", url, largest)
	}
	return b, nil
}

// parse reads a JSON web key set (RFC 7517). Keys that are not for checking signatures are left out, and so is what is no public key.
func parse(document []byte) ([]jose.JSONWebKey, error) {
	var body struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(document, &body); err != nil {
		return nil, fmt.Errorf("no JSON web key set: %w", err)
	}
	var set []jose.JSONWebKey
	for _, raw := range body.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || key.Use != "" && key.Use != "sig" || !key.Valid() || !key.IsPublic() {
			continue
		}
		if set = append(set, key); len(set) > mostKeys {
			return nil, fmt.Errorf("more than %d keys", mostKeys)
		}
	}
	if len(set) == 0 {
		return nil, errors.New("no public key for signatures in the set")
	}
	return set, nil
}
