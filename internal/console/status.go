package console

import (
	"time"

	"github.com/holterhq/holter/internal/store"
)

// status is how things are.
type status struct {
	Store storeStatus `json:"store"`
	Demo  demoStatus  `json:"demo"`
	Empty bool        `json:"empty" doc:"nothing was seen yet"`
	// Stopped is for all to see: who wonders why nothing is done.
	Stopped *stop `json:"stopped" doc:"no act goes out"`
	OTLP    struct {
		GRPC string `json:"grpc" doc:"host:port; empty: there is none"`
		HTTP string `json:"http" doc:"URL; empty: there is none"`
	} `json:"otlp"`
}

type storeStatus struct {
	Full    bool      `json:"full" doc:"nothing more is written"`
	Trouble string    `json:"trouble" doc:"empty: none"`
	Bytes   int64     `json:"bytes,omitempty" doc:"on disk; only for who sees all"`
	Facts   int64     `json:"facts,omitempty" doc:"of minutes; only for who sees all"`
	Tokens  int       `json:"tokens"`
	Oldest  time.Time `json:"oldest,omitzero"`
	Newest  time.Time `json:"newest,omitzero"`
}

type demoStatus struct {
	Available bool `json:"available" doc:"there is a demo to play"`
	Present   bool `json:"present"`
	Tokens    int  `json:"tokens"`
	Playing   bool `json:"playing"`
}

func (k *call) statusNow() (any, error) {
	s, err := k.state()
	if err != nil {
		return nil, err
	}
	all, err := k.count(store.TokenFilter{Scope: k.who.Scope})
	if err != nil {
		return nil, err
	}
	played, err := k.count(store.TokenFilter{Scope: k.who.Scope, Environments: []string{DemoEnvironment}})
	if err != nil {
		return nil, err
	}
	out := status{
		Store: storeStatus{Full: s.Full, Trouble: s.Trouble, Bytes: s.Bytes, Facts: s.Facts, Tokens: all, Oldest: s.Oldest, Newest: s.Newest},
		Demo:  demoStatus{Available: k.Demo != nil, Present: played > 0, Tokens: played, Playing: k.stage.going()},
		Empty: all == 0,
	}
	if k.who.Scoped() { // how much there is of others is theirs to know
		out.Store.Bytes, out.Store.Facts, out.Store.Oldest, out.Store.Newest, out.Store.Trouble = 0, 0, time.Time{}, time.Time{}, ""
	}
	if out.Store.Full && out.Store.Trouble == "" {
		out.Store.Trouble = store.ErrFull.Error()
	}
	out.OTLP.GRPC, out.OTLP.HTTP = k.OTLP()
	k.ledger.mu.RLock()
	out.Stopped = k.ledger.cases.desk.stopped
	k.ledger.mu.RUnlock()
	return out, nil
}

// count is how many tokens there are.
func (k *call) count(f store.TokenFilter) (int, error) {
	page, err := k.Store.Tokens(k.ctx, store.TokenQuery{Filter: f, Limit: 1})
	return page.Total, err
}
