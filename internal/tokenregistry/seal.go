package tokenregistry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/seal"
)

// SealConfig is about credentials that are sealed for whoever may revoke them.
type SealConfig struct {
	// PublicKey seals; without one nothing is sealed. Only the holder of its private key opens.
	PublicKey configopaque.String `mapstructure:"public_key"`
	// PublicKeyFile is a file that holds it.
	PublicKeyFile string `mapstructure:"public_key_file"`
	// To is where sealed credentials go: registry, this one, or attribute, with the telemetry to the next token_identity.
	To string `mapstructure:"to"`
	// Interval is how often a credential that is in use is sent again in an attribute.
	Interval time.Duration `mapstructure:"interval"`
	// TTL is how long a sealed credential is kept after it was last sealed.
	TTL time.Duration `mapstructure:"ttl"`
	// MaxBytes and MaxEntries bound what is kept, whoever has sealed it.
	MaxBytes   int `mapstructure:"max_bytes"`
	MaxEntries int `mapstructure:"max_entries"`

	_ struct{}
}

// Values of SealConfig.To.
const (
	SealToRegistry  = "registry"
	SealToAttribute = "attribute"
)

func defaultSeal() SealConfig {
	return SealConfig{To: SealToRegistry, Interval: time.Hour, TTL: 24 * time.Hour, MaxBytes: 16 << 20, MaxEntries: 10_000}
}

// Validate refuses keys that do not seal, and bounds that hold nothing.
func (s *SealConfig) Validate() error {
	var errs []error
	if s.PublicKey != "" {
		if _, err := seal.ParsePublicKey(string(s.PublicKey)); err != nil {
			errs = append(errs, fmt.Errorf("public_key: %w", err))
		}
		if s.PublicKeyFile != "" {
			errs = append(errs, errors.New("public_key: given here and in public_key_file: keep one"))
		}
	}
	if s.To != SealToRegistry && s.To != SealToAttribute {
		errs = append(errs, fmt.Errorf("to: %q: write registry (it is kept here) or attribute (it goes to the next token_identity)", s.To))
	}
	if s.Interval < time.Second {
		errs = append(errs, fmt.Errorf("interval: %v: write a duration of at least 1s, such as 1h", s.Interval))
	}
	if s.TTL < time.Minute {
		errs = append(errs, fmt.Errorf("ttl: %v: write a duration of at least 1m, such as 24h", s.TTL))
	}
	if s.MaxBytes < 64<<10 {
		errs = append(errs, fmt.Errorf("max_bytes: %d: write at least 65536; the default is 16777216", s.MaxBytes))
	}
	if s.MaxEntries < 1 {
		errs = append(errs, fmt.Errorf("max_entries: %d: write at least 1; the default is 10000", s.MaxEntries))
	}
	return errors.Join(errs...)
}

func (s *SealConfig) read() (*seal.PublicKey, error) {
	switch {
	case s.PublicKey != "":
		key, err := seal.ParsePublicKey(string(s.PublicKey))
		if err != nil {
			return nil, fmt.Errorf("seal::public_key: %w", err)
		}
		return key, nil
	case s.PublicKeyFile != "":
		key, err := seal.ReadPublicKey(s.PublicKeyFile)
		if err != nil {
			return nil, fmt.Errorf("seal::public_key_file: %w", err)
		}
		return key, nil
	}
	return nil, nil
}

// sealing closes credentials beside the pipelines, because that costs a hundred times what naming one does, and keeps them.
type sealing struct {
	key      *seal.PublicKey // nil: nothing is sealed here
	store    *seal.Store
	waiting  chan unsealed
	outgoing chan []byte // to the next token_identity; nil: they stay here

	saving  sync.Mutex
	failing bool // storage, of which it has been said; under saving
}

// unsealed is a credential on its way to be sealed.
type unsealed struct {
	token      string
	tenant     string
	credential credential.Credential
}

const (
	queued     = 1024 // credentials that wait to be sealed, and sealed ones that wait to be sent
	saveSealed = 5 * time.Second
	bucketKey  = "sealed/%02d"
)

var (
	becauseBusy      = reason("busy")
	becauseSize      = reason("size")
	becauseMalformed = reason("malformed")
	becauseForeign   = reason("foreign_key")
	becauseExpired   = reason("expired")
	becauseFull      = reason("full")
)

func reason(text string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", text)))
}

// startSealing reads key and store, and works until running ends.
func (r *Registry) startSealing(ctx, running context.Context) error {
	s, cfg := &r.sealing, &r.cfg.Seal
	key, err := cfg.read()
	if err != nil {
		return err
	}
	s.key = key
	s.store = seal.NewStore(seal.Limits{TTL: cfg.TTL, Entries: cfg.MaxEntries, Bytes: cfg.MaxBytes})
	r.restoreSealed(ctx)
	if key != nil {
		s.waiting = make(chan unsealed, queued)
		r.logger.Info("Credentials are sealed", zap.String("seal_key_id", key.ID()), zap.String("to", cfg.To))
		if cfg.To == SealToAttribute {
			s.outgoing = make(chan []byte, queued)
			r.logger.Warn("Sealed credentials leave with the telemetry, in api_token.sealed: the next hop must be a gateway with token_identity, which takes them off; send nothing from here to a backend")
		}
		r.done.Go(func() { r.seal(running) })
	}
	r.done.Go(func() { r.keepSealed(running) })
	return nil
}

// SealsEvery is how often a credential that is in use is to be given to Seal; 0 is never.
func (r *Registry) SealsEvery() time.Duration {
	switch {
	case r.sealing.key == nil:
		return 0
	case r.sealing.outgoing != nil:
		return r.cfg.Seal.Interval
	}
	return r.cfg.Seal.TTL / 2
}

// Seal has the credential of a token sealed soon. It never blocks: false says that too many are waiting.
func (r *Registry) Seal(token, tenant string, c credential.Credential) bool {
	select {
	case r.sealing.waiting <- unsealed{token, tenant, c}:
		return true
	default:
		r.telemetry.TokenRegistrySealedRefused.Add(context.Background(), 1, becauseBusy)
		return false
	}
}

// Outgoing is a sealed credential for the next token_identity, nil while there is none. It may leave on any record.
func (r *Registry) Outgoing() []byte {
	if len(r.sealing.outgoing) == 0 {
		return nil
	}
	select {
	case sealed := <-r.sealing.outgoing:
		return sealed
	default:
		return nil
	}
}

// seal closes what waits until running ends.
func (r *Registry) seal(running context.Context) {
	s := &r.sealing
	for {
		select {
		case <-running.Done():
			return
		case u := <-s.waiting:
			fingerprint := r.namer.Fingerprint(u.tenant, u.credential)
			now := time.Now()
			if s.outgoing == nil && s.store.Has(fingerprint, now.Add(r.cfg.Seal.TTL/2)) {
				continue // since before a restart
			}
			sealed, err := s.key.Seal(fingerprint, seal.Secret{Tenant: u.tenant, Kind: string(u.credential.Kind), Raw: u.credential.Raw})
			switch {
			case err != nil:
				r.telemetry.TokenRegistrySealedRefused.Add(running, 1, becauseSize)
			case s.outgoing == nil:
				r.putSealed(fingerprint, u.token, r.namer.Former(u.tenant, u.credential), sealed, now)
			default:
				select {
				case s.outgoing <- sealed:
				default:
					r.telemetry.TokenRegistrySealedRefused.Add(running, 1, becauseBusy)
				}
			}
		}
	}
}

// TakeSealed keeps a credential that somebody else has sealed and sent here.
func (r *Registry) TakeSealed(sealed []byte) {
	ctx := context.Background()
	label, err := seal.Read(sealed)
	switch {
	case err != nil:
		r.telemetry.TokenRegistrySealedRefused.Add(ctx, 1, becauseMalformed)
	case r.sealing.key != nil && label.KeyID != r.sealing.key.ID():
		r.telemetry.TokenRegistrySealedRefused.Add(ctx, 1, becauseForeign)
	default:
		r.putSealed(label.Fingerprint, "", nil, sealed, time.Now())
	}
}

func (r *Registry) putSealed(fingerprint, token string, former []string, sealed []byte, now time.Time) {
	if !r.sealing.store.Put(fingerprint, token, former, sealed, now) {
		r.telemetry.TokenRegistrySealedRefused.Add(context.Background(), 1, becauseSize)
	}
}

// Sealed is the sealed credential of a fingerprint, under the present key or a former one.
func (r *Registry) Sealed(fingerprint string) ([]byte, bool) {
	return r.sealing.store.Get(fingerprint, time.Now())
}

// Matches says whether an opened secret is the credential of this fingerprint. Whoever can send telemetry here can seal, so that this
// has to be asked before anything is done with it.
func (r *Registry) Matches(fingerprint string, s seal.Secret) bool {
	c := credential.Credential{Raw: s.Raw, Kind: credential.Kind(s.Kind)}
	if r.namer.Fingerprint(s.Tenant, c) == fingerprint {
		return true
	}
	for _, former := range r.namer.Former(s.Tenant, c) {
		if former == fingerprint {
			return true
		}
	}
	return false
}

// keepSealed removes what is too old, counts, and writes down what has changed, until running ends.
func (r *Registry) keepSealed(running context.Context) {
	ticker := time.NewTicker(saveSealed)
	defer ticker.Stop()
	for {
		select {
		case <-running.Done():
			return
		case <-ticker.C:
			r.sealing.store.Expire(time.Now())
			_ = r.saveSealed(running) // said in health, log and metric
		}
	}
}

func (r *Registry) restoreSealed(ctx context.Context) {
	if r.client == nil {
		return
	}
	buckets := make([][]byte, 0, seal.Buckets)
	for i := range seal.Buckets {
		b, err := r.client.Get(ctx, fmt.Sprintf(bucketKey, i))
		if err != nil {
			r.sealedStorage(ctx, fmt.Errorf("read: %w", err))
			return
		}
		buckets = append(buckets, b)
	}
	if err := r.sealing.store.Restore(buckets, time.Now()); err != nil {
		r.sealedStorage(ctx, fmt.Errorf("read: %w", err))
	}
}

// saveSealed writes down what has changed, one after the other: what was read earlier must not be written later.
func (r *Registry) saveSealed(ctx context.Context) error {
	s := &r.sealing
	if s.store == nil {
		return nil
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	expired, full := s.store.Evicted()
	if expired > 0 {
		r.telemetry.TokenRegistrySealedEvictions.Add(ctx, expired, becauseExpired)
	}
	if full > 0 {
		r.telemetry.TokenRegistrySealedEvictions.Add(ctx, full, becauseFull)
	}
	changed := s.store.Changed()
	if changed == nil {
		return nil
	}
	r.telemetry.TokenRegistrySealed.Record(ctx, int64(s.store.Len()))
	if r.client == nil {
		return nil
	}
	var failed error
	for bucket, b := range changed {
		if err := r.client.Set(ctx, fmt.Sprintf(bucketKey, bucket), b); err != nil {
			failed = fmt.Errorf("write: %w", err)
			s.store.Again(bucket)
		}
	}
	r.sealedStorage(ctx, failed)
	return failed
}

// sealedStorage says in health, log and metric how the storage does; a fault that stays is logged once.
func (r *Registry) sealedStorage(ctx context.Context, err error) {
	if err == nil {
		if r.sealing.failing {
			r.sealing.failing = false
			r.troubles.well("sealed credentials")
			r.logger.Info("Sealed credentials are kept in storage again")
		}
		return
	}
	if ctx.Err() != nil {
		return // the storage is not at fault
	}
	r.troubles.trouble("sealed credentials", fmt.Errorf("sealed credentials are kept in memory only: %w", err))
	r.telemetry.TokenRegistrySealedStorageErrors.Add(ctx, 1)
	if !r.sealing.failing {
		r.logger.Warn("Sealed credentials are kept in memory only: a restart forgets those of tokens that are not used again", zap.Error(err))
	}
	r.sealing.failing = true
}
