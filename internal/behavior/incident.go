package behavior

// An alert opens an incident. While it is open the token learns no value that it has not used before: what a thief does must not become
// its normal life before anybody has looked. Feedback closes it; without any it closes by itself, for most alerts are about changes that
// are there to stay. After that the token has time to learn them, whatever further alerts it raises on the way.
const (
	incidentDays = 7  // it stays open without feedback
	learningDays = 21 // the token learns for at least so long before another alert can freeze it again
)

func (t *token) openIncident() {
	if t.incident == 0 || t.block.day-t.incident >= incidentDays+learningDays {
		t.incident = t.block.day
	}
}

func (t *token) closeIncident() { t.incident = 0 }

// frozen says whether the open block is part of an open incident.
func (t *token) frozen() bool { return t.incident != 0 && t.block.day-t.incident < incidentDays }
