package console

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

// opinion is what somebody thinks of an anomaly.
type opinion struct {
	Verdict string `json:"verdict" enum:"benign,malicious"`
	Facet   string `json:"facet,omitempty" doc:"of its evidence; without one the anomaly as a whole is meant, with every country, network, client, service, endpoint and hour that spoke for it"`
	Value   string `json:"value,omitempty" doc:"as observed; without one whatever the facet shows"`
	TTL     string `json:"ttl,omitempty" doc:"how long it holds, such as 30d; what token_behavior says, unless given"`
}

// noted says that something is on its way.
type noted struct {
	Sequence uint64 `json:"sequence" doc:"in the journal"`
}

func (k *call) feedback() (any, error) {
	f, err := k.oneAnomaly()
	if err != nil {
		return nil, err
	}
	if f.Token == "" {
		return nil, conflict("this anomaly is about many tokens: say it of their own anomalies")
	}
	var o opinion
	if err := k.body(&o); err != nil {
		return nil, err
	}
	attrs, err := o.attributes(f)
	if err != nil {
		return nil, err
	}
	attrs[otelattr.FeedbackBy] = k.by()
	about := "this anomaly"
	if o.Facet != "" {
		about = strings.TrimSpace(facetWord(o.Facet) + " " + o.Value)
	}
	body := k.by() + " says that " + about + " is " + o.Verdict
	audit, err := json.Marshal(map[string]any{"audit.action": "feedback", "audit.from": k.from(), otelattr.AnomalyID: f.ID})
	if err != nil {
		return nil, err
	}
	var entries []store.Entry
	for _, attrs := range append([]map[string]any{attrs}, o.values(f, attrs)...) {
		said, err := json.Marshal(attrs)
		if err != nil {
			return nil, err
		}
		entries = append(entries, store.Entry{Time: k.now, Kind: store.EntryFeedback, Token: f.Token, By: k.by(), Body: body, Attributes: said})
	}
	entries = append(entries, store.Entry{Time: k.now, Kind: store.EntryAudit, Token: f.Token, By: k.by(), Body: body, Attributes: audit})
	if err := k.Store.Append(k.ctx, entries); err != nil {
		return nil, err
	}
	return noted{entries[0].Sequence}, nil
}

// vouched are the facets of which one value can be vouched for. Of the others a person would vouch for whatever they show.
var vouched = []string{"country", "network", "client", "service", "endpoint", "hour"}

// values are what a person vouches for who calls an anomaly benign as a whole: all that spoke for it, so that the same does not raise another one.
func (o *opinion) values(f finding, whole map[string]any) (all []map[string]any) {
	if o.Verdict != "benign" || o.Facet != "" {
		return nil
	}
	for _, c := range f.Contributions {
		if c.Nats > 0 && c.Observed != "" && slices.Contains(vouched, c.Facet) {
			attrs := maps.Clone(whole)
			attrs[otelattr.FeedbackFacet], attrs[otelattr.FeedbackValue] = c.Facet, c.Observed
			all = append(all, attrs)
		}
	}
	return all
}

// attributes are those of the event that token_behavior reads.
func (o *opinion) attributes(f finding) (map[string]any, error) {
	if o.Verdict != "benign" && o.Verdict != "malicious" {
		return nil, badRequest("verdict", "%q: write benign or malicious", o.Verdict)
	}
	attrs := map[string]any{otelattr.TokenID: f.Token, otelattr.AnomalyID: f.ID, otelattr.FeedbackVerdict: o.Verdict}
	if f.Direction != "" {
		attrs[otelattr.TokenDirection] = f.Direction
	}
	if o.Facet != "" {
		var facets []string
		for _, c := range f.Contributions {
			facets = append(facets, c.Facet)
		}
		if !slices.Contains(facets, o.Facet) {
			return nil, badRequest("facet", "%q is no part of the evidence: choose from %s, or leave it out", o.Facet, strings.Join(facets, ", "))
		}
		attrs[otelattr.FeedbackFacet] = o.Facet
	}
	if o.Value != "" {
		if o.Facet == "" {
			return nil, badRequest("value", "say of which facet")
		}
		if len(o.Value) > mostText {
			return nil, badRequest("value", "that is longer than %d characters", mostText)
		}
		attrs[otelattr.FeedbackValue] = o.Value
	}
	if o.TTL != "" {
		ttl, err := parseDuration(o.TTL)
		if err != nil || ttl <= 0 {
			return nil, badRequest("ttl", "%q: write how long it holds, such as 720h or 30d", o.TTL)
		}
		attrs[otelattr.FeedbackTTL] = seconds(ttl)
	}
	return attrs, nil
}
