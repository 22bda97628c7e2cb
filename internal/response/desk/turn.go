package desk

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/guard"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/response/message"
	"github.com/holterhq/holter/internal/response/outbox"
	"github.com/holterhq/holter/internal/store"
)

// turn is one change: of the book, of the guard, and what is sent and recorded because of it.
type turn struct {
	*Desk
	now     time.Time
	book    *incident.Turn
	ward    *guard.Guard // a copy, nil until it is needed
	batch   outbox.Batch
	known   map[string]bool // anomalies of this very turn
	notes   []Note
	entries []store.Entry
	told    []told
	recalls []recalled
	worse   map[string]bool // incidents that have become more severe
}

// told is a message that is to go out.
type told struct {
	incident *incident.Incident
	occasion response.Occasion
	act      *incident.Act // a copy
	sentence string
	by       string // whose doing it is, empty: nobody's
	targets  []string
	severity response.Severity
	urgent   bool // those who are paged hear of it as well
}

// begin starts a turn; the desk is locked until it is committed or given up.
func (d *Desk) begin(now time.Time) *turn {
	return &turn{Desk: d, now: now, book: d.book.Begin(), known: make(map[string]bool), worse: make(map[string]bool)}
}

// guarded is the guard, to be changed.
func (t *turn) guarded() *guard.Guard {
	if t.ward == nil {
		t.ward = t.guard.Clone()
	}
	return t.ward
}

// pack is what has to be written.
func (t *turn) pack() outbox.Batch {
	t.update()
	for _, one := range t.told {
		t.send(one)
	}
	t.journal()
	for _, v := range t.book.Values() {
		t.batch.Changes = append(t.batch.Changes, outbox.Change{Key: slotKey(v.Slot), Value: v.Text})
	}
	if slots, grown := t.book.Grown(); grown {
		t.batch.Changes = append(t.batch.Changes, outbox.Change{Key: slotsKey, Value: binary.BigEndian.AppendUint64(nil, uint64(slots))})
	}
	if t.ward != nil {
		t.batch.Changes = append(t.batch.Changes, outbox.Change{Key: guardKey, Value: t.ward.Encode()})
	}
	return t.batch
}

// commit makes what was written count.
func (t *turn) commit() []Note {
	t.book.Commit()
	if t.ward != nil {
		if t.guard.Stopped != nil && t.ward.Stopped == nil {
			t.freed = t.now
		}
		t.guard = t.ward
		t.stopped.Store(t.ward.Stopped != nil)
	}
	return t.notes
}

// update tells those who have not heard of an incident yet, and those for whom it is time.
func (t *turn) update() {
	for _, i := range t.book.Changed() {
		if !i.Live() {
			continue
		}
		var first, again []string
		for n := range i.Listeners {
			l := &i.Listeners[n]
			switch {
			case l.Told.IsZero():
				first = append(first, l.Target)
			case l.Stale && (t.worse[i.ID] || t.now.Sub(l.Told) >= t.cfg.Incidents.UpdateEvery):
				again = append(again, l.Target)
			}
		}
		news := t.told
		t.told = nil
		if len(first) > 0 {
			t.say(told{incident: i, occasion: response.Opened, act: strongest(i), targets: first})
		}
		if len(again) > 0 {
			t.say(told{incident: i, occasion: response.Updated, act: strongest(i), targets: again})
		}
		t.told = append(t.told, news...)
	}
}

// strongest is the act that tells most about where an incident stands.
func strongest(i *incident.Incident) *incident.Act {
	var best *incident.Act
	for n := range i.Acts {
		if a := &i.Acts[n]; best == nil || a.Action >= best.Action {
			best = a
		}
	}
	if best == nil {
		return nil
	}
	copied := *best
	return &copied
}

// say puts a message in line, behind those that an incident begins with.
func (t *turn) say(one told) {
	if one.act != nil {
		copied := *one.act
		one.act = &copied
	}
	one.severity = max(one.severity, one.incident.Severity)
	t.told = append(t.told, one)
}

// send writes a message for each of its targets, and a record of it.
func (t *turn) send(one told) {
	i := one.incident
	targets := t.audience(&one)
	i.Sequence++
	e := t.event(&one)
	t.stand(&one, e.Sentence)
	id := incident.NewID("message", i.ID, strconv.Itoa(i.Sequence))
	links := e.Incident.Links
	var reached []string
	for _, name := range targets {
		rule := ""
		for n := range i.Listeners {
			if l := &i.Listeners[n]; l.Target == name {
				rule, l.Told, l.Stale = l.Rule, t.now, false
			}
		}
		for _, end := range t.cfg.ends(name, &e) {
			if slices.Contains(reached, end) {
				continue
			}
			reached = append(reached, end)
			e.Rule, e.Incident.Links = rule, links
			if t.cfg.Targets[end].Stranger {
				e.Incident.Links = harmless(links)
			}
			body, err := message.Body(e)
			if err != nil { // plain fields only
				continue
			}
			t.batch.Deliveries = append(t.batch.Deliveries, &response.Delivery{
				ID: id, Target: end, Rule: rule, Arrived: t.now, Body: body, Progress: response.Progress{Due: t.now},
			})
		}
	}
}

// audience are the targets of a message that are there.
func (t *turn) audience(one *told) (names []string) {
	add := func(name string) {
		if target, ok := t.cfg.Targets[name]; ok && target.Actor == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range one.targets {
		add(name)
	}
	if one.targets == nil {
		for _, l := range one.incident.Listeners {
			add(l.Target)
		}
	}
	if one.urgent {
		for _, name := range t.cfg.Page {
			add(name)
		}
		if len(names) == 0 { // better somebody than nobody
			for name := range t.cfg.Targets {
				add(name)
			}
			slices.Sort(names)
		}
	}
	return names
}

// event is what a message tells.
func (t *turn) event(one *told) response.Event {
	i := one.incident
	e := i.Anomaly()
	e.DryRun = t.dry(i)
	e.Severity = one.severity.String()
	if one.sentence != "" {
		e.Sentence = one.sentence
	}
	stamp := func(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }
	e.Incident = &response.Incident{
		ID: i.ID, Occasion: one.occasion, State: string(i.State), Opened: stamp(i.Opened), Updated: stamp(t.now),
		Sequence: i.Sequence, Anomalies: i.Anomalies, Detectors: i.Detectors, Severity: max(i.Severity, one.severity).String(),
		AcknowledgedBy: i.AcknowledgedBy, ResolvedBy: i.ResolvedBy, Cause: i.Cause, CauseWhy: i.CauseWhy, Reached: i.Reached, Blast: i.Blast, Grant: i.Grant,
		Links: t.cfg.Links.links(&e, one.act, t.now),
	}
	if one.act != nil {
		e.Incident.Act = one.act.Told()
	}
	return e
}

// dry says whether nothing is done about the token.
func (t *turn) dry(i *incident.Incident) bool {
	for n := range i.Acts {
		if a := &i.Acts[n]; !a.DryRun && a.State != incident.Blocked && a.State != incident.DryRun {
			return false
		}
	}
	return len(i.Acts) > 0 || t.cfg.DryRun
}

// journal puts the records in line for the target that keeps them.
func (t *turn) journal() {
	const together = 32
	if !t.cfg.Journal {
		return
	}
	for part := range slices.Chunk(t.entries, together) {
		body, err := json.Marshal(part)
		if err != nil { // plain fields only
			continue
		}
		t.batch.Deliveries = append(t.batch.Deliveries, &response.Delivery{
			ID: t.fresh("journal"), Target: JournalTarget, Arrived: t.now, Body: body, Progress: response.Progress{Due: t.now},
		})
	}
}

// fresh is an id that nothing else has.
func (t *turn) fresh(kind string) string {
	t.count++
	return incident.NewID(kind, strconv.FormatInt(t.now.UnixNano(), 10), strconv.FormatUint(t.count, 10))
}
