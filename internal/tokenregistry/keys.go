package tokenregistry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/tokenstore"
)

// storageName is the name of the component's client of the storage extension.
const storageName = "state"

// startKeys takes the keys from the configuration, from files, or from storage.
func (r *Registry) startKeys(ctx context.Context, host component.Host) error {
	if r.cfg.Storage != nil {
		client, err := r.storageClient(ctx, host, *r.cfg.Storage)
		if err != nil {
			return err
		}
		r.client = client
	}
	keys, err := r.cfg.Keys.read()
	if err != nil {
		return err
	}
	if keys.Identity == nil {
		keys.Identity = r.generatedKey(ctx)
	}
	if keys.Fingerprint == nil {
		keys.Fingerprint = identity.FingerprintKey(keys.Identity)
	}
	r.namer = identity.NewNamer(keys)
	former := make([]string, len(keys.Former))
	for i, key := range keys.Former {
		former[i] = identity.KeyID(key)
	}
	r.logger.Info("Tokens are named under an identity key; instances that show the same id share it",
		zap.String("identity_key_id", r.KeyID()), zap.String("fingerprint_key_id", identity.KeyID(keys.Fingerprint)), zap.Strings("former_fingerprint_key_ids", former))
	return nil
}

// KeyID is the public id of the identity key that tokens are named under.
func (r *Registry) KeyID() string { return r.namer.KeyID() }

// Fingerprint is the keyed hash of a credential.
func (r *Registry) Fingerprint(tenant string, c credential.Credential) string {
	return r.namer.Fingerprint(tenant, c)
}

// Own is the id that a credential makes by itself, whatever the registry or a rotation says of it.
func (r *Registry) Own(tenant string, c credential.Credential) string { return r.namer.ID(tenant, c) }

// read reads the keys that are given; what is not given is nil.
func (k *KeysConfig) read() (identity.Keys, error) {
	var keys identity.Keys
	var err error
	switch {
	case k.Identity != "":
		if keys.Identity, err = identity.ParseKey(string(k.Identity)); err != nil {
			return keys, fmt.Errorf("keys::identity: %w", err)
		}
	case k.IdentityFile != "":
		if keys.Identity, err = identity.ReadKey(k.IdentityFile); err != nil {
			return keys, fmt.Errorf("keys::identity_file: %w", err)
		}
	}
	ring, err := k.readFingerprints()
	if err != nil {
		return keys, fmt.Errorf("keys::%w", err)
	}
	if len(ring) > 0 {
		keys.Fingerprint, keys.Former = ring[0], ring[1:]
	}
	return keys, nil
}

// readFingerprints reads the fingerprint keys, the one that signs first.
func (k *KeysConfig) readFingerprints() ([][]byte, error) {
	if k.Fingerprint != "" {
		ring, err := (&FingerprintKey{Key: k.Fingerprint}).read()
		if err != nil {
			return nil, fmt.Errorf("fingerprint: %w", err)
		}
		return ring, nil
	}
	if k.FingerprintFile != "" {
		ring, err := identity.ReadKeyring(k.FingerprintFile)
		if err != nil {
			return nil, fmt.Errorf("fingerprint_file: %w", err)
		}
		return ring, nil
	}
	var ring [][]byte
	for i := range k.Fingerprints {
		keys, err := k.Fingerprints[i].read()
		if err != nil {
			return nil, fmt.Errorf("fingerprints[%d]: %w", i, err)
		}
		ring = append(ring, keys...)
	}
	return ring, nil
}

// read reads one entry of the list, and checks that it is the key that was meant.
func (f *FingerprintKey) read() (keys [][]byte, err error) {
	if f.File != "" {
		keys, err = identity.ReadKeyring(f.File)
	} else {
		var key []byte
		key, err = identity.ParseKey(string(f.Key))
		keys = [][]byte{key}
	}
	if err != nil {
		return nil, err
	}
	if id := identity.KeyID(keys[0]); f.ID != "" && f.ID != id {
		return nil, fmt.Errorf("id: this key's id is %s, not %q: take the other key, or correct the id", id, f.ID)
	}
	return keys, nil
}

// generatedKey is the identity key of this instance: kept in storage where there is one, else of this process. A storage that
// fails costs the ids, never the telemetry.
func (r *Registry) generatedKey(ctx context.Context) []byte {
	if r.client == nil {
		r.logger.Warn("No identity key and no storage are configured: token ids change with every restart, and nothing that is learned about a token outlives it; set keys::identity, or storage")
		return identity.NewKey()
	}
	key, made, err := identity.StoredKey(ctx, r.client)
	switch {
	case err != nil:
		r.logger.Error("The identity key cannot be kept: token ids change with every restart until storage works again", zap.Error(err))
		r.troubles.trouble("keys", fmt.Errorf("token ids are of this process only: %w", err))
		r.passing = true
		return identity.NewKey()
	case made:
		r.logger.Warn("No identity key is configured: one was generated and kept in storage; token ids hold on this instance only; set keys::identity to the same key on every instance before there is a second one")
	default:
		r.logger.Warn("No identity key is configured: the generated one from storage is used; token ids hold on this instance only")
	}
	return key
}

func (r *Registry) storageClient(ctx context.Context, host component.Host, id component.ID) (*tokenstore.Client, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not there: define it under extensions and name it under service::extensions", id)
	}
	provider, ok := extension.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q keeps nothing: use a storage extension such as file_storage", id)
	}
	client, err := tokenstore.OpenClient(ctx, func(ctx context.Context) (storage.Client, error) {
		return provider.GetClient(ctx, r.set.Kind, r.set.ID, storageName)
	})
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return client, nil
}
