package response

// Sharer is an actor that can say what taking an act back would change at its target. Acts with the same subject hold the same thing:
// the first of them that was taken back would take back the others.
type Sharer interface {
	// Subject is the same for the same thing, whatever else the message says; empty: it is not known.
	Subject(action Action, body []byte) string
}
