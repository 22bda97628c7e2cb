package desk

import "github.com/holterhq/holter/internal/store"

// Note is something that was decided, for those who count and log.
type Note struct {
	Kind     Kind
	Decision string // Decided: what
	Entry    store.Entry
	Count    int
}

// Kind is what a note tells.
type Kind uint8

// Kinds.
const (
	Decided Kind = iota // a record of a decision
	Stood               // a record of how an incident or an act stands
	Known               // an anomaly came again
	Cooled              // a rule leaves a token alone that it has matched lately
	Evicted             // an incident had to go to make room
)
