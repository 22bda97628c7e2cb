package tokenidentityprocessor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadata"
)

// repeatAfter is how long an error that stays the same is not logged again.
const repeatAfter = 10 * time.Minute

// origins says where requests come from.
type origins struct {
	proxies geo.Proxies
	lookUp  bool
	atlas   geo.Atlas
	watches []*originWatch

	stop context.CancelFunc
	done sync.WaitGroup
}

// originWatch looks at one database file for changes, and knows what has been said about it so far.
type originWatch struct {
	file      *geo.File
	key       string
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	health    topic
	counted   metric.MeasurementOption

	mu     sync.Mutex
	said   string
	saidAt time.Time
}

// startOrigins opens the databases. One that is missing or bad at the start is an error: nobody would look for what is never written.
func (e *engine) startOrigins(ctx context.Context) error {
	o := &e.origins
	if o.lookUp = e.cfg.Geo.Enabled; !o.lookUp {
		return nil
	}
	if e.cfg.Geo.CountryDB == "" {
		embedded, err := geo.Embedded()
		if err != nil {
			return err
		}
		o.atlas.Put(geo.Countries, embedded)
	}
	for _, given := range e.cfg.Geo.files() {
		w := &originWatch{
			file: geo.NewFile(given.path, given.content, &o.atlas), key: "geo::" + given.key,
			logger: e.logger.With(zap.String("database", given.key)), telemetry: e.telemetry, health: e.health.about(given.key),
			counted: metric.WithAttributeSet(attribute.NewSet(attribute.String("database", given.key))),
		}
		if err := w.check(ctx); err != nil {
			return err
		}
		o.watches = append(o.watches, w)
	}
	if len(o.watches) > 0 {
		watching, stop := context.WithCancel(context.Background())
		o.stop = stop
		o.done.Go(func() { o.watch(watching, e.cfg.Geo.ReloadInterval) })
	}
	return nil
}

// watch looks at the files until ctx ends.
func (o *origins) watch(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = o.check(ctx)
		}
	}
}

// check looks at every file now. What is off is also said in health, log and metric.
func (o *origins) check(ctx context.Context) error {
	var errs []error
	for _, w := range o.watches {
		errs = append(errs, w.check(ctx))
	}
	return errors.Join(errs...)
}

// shutdown is safe without a start.
func (o *origins) shutdown() {
	if o.stop != nil {
		o.stop()
	}
	o.done.Wait()
}

func (w *originWatch) check(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed, err := w.file.Check()
	if err != nil {
		err = fmt.Errorf("%s: %w", w.key, err)
		w.telemetry.TokenIdentityGeoErrors.Add(ctx, 1, w.counted)
		if now := time.Now(); err.Error() != w.said || now.Sub(w.saidAt) >= repeatAfter {
			w.logger.Error("A geo database is off: what was read before stays in force", zap.Error(err))
			w.health.Trouble(err)
			w.said, w.saidAt = err.Error(), now
		}
		return err
	}
	if w.said != "" {
		w.said, w.saidAt = "", time.Time{}
		w.health.Well()
		w.logger.Info("The geo database is good again")
	}
	if changed {
		d := w.file.Database()
		w.telemetry.TokenIdentityGeoReloads.Add(ctx, 1, w.counted)
		w.logger.Info("The geo database is in force", zap.String("path", w.file.Path()), zap.String("type", d.Type()), zap.Time("built", d.Built()))
	}
	return nil
}

// locate says where a request came from. With trusted proxies the client's address may be another than the record says.
func (o *origins) locate(w *worker, sight *otelattr.Sight) (place geo.Place, client string) {
	if !o.lookUp && len(o.proxies) == 0 {
		return geo.Place{}, ""
	}
	addr, ok := o.proxies.Client(sight.Origin)
	if !ok {
		return geo.Place{}, ""
	}
	if len(o.proxies) > 0 {
		if text := addr.String(); text != sight.Origin.Client {
			client = text
		}
	}
	if o.lookUp {
		place = w.places.Find(&o.atlas, addr)
		if place.Kind == geo.Public && place.Where().Country == "" {
			w.geoMisses++
		}
	}
	return place, client
}
