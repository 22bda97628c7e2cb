package message

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/holterhq/holter/internal/response"
)

// whose is the token as people know it.
func whose(e *response.Event) string {
	text := "a token"
	if name := word(e.Token.Hint, e.Token.ID); name != "" {
		text = "token " + name
	}
	if o := e.Token.Owner; o != nil {
		if owner := word(o.Name, o.ID); owner != "" {
			text += " of " + owner
		}
	}
	return text
}

// word is the first of what others wrote of which anything is to be seen, made harmless.
func word(texts ...string) string {
	for _, text := range texts {
		if seen := harmless(text, maxWord); seen != "" {
			return seen
		}
	}
	return ""
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// verbs are the words for an action: what is to be done, and what has been.
func verbs(action string) (to, been string) {
	switch action {
	case response.Lock.String():
		return "lock", "locked"
	case response.Restrict.String():
		return "restrict", "restricted"
	case response.Reauthenticate.String():
		return "re-authenticate", "re-authenticated"
	}
	return "act on", "acted on"
}

// title says in one line what happened, to whose token.
func title(e *response.Event) string {
	text := occurrence(e)
	if e.DryRun {
		text = "[dry run] " + text
	}
	return cut(text, maxLine)
}

func occurrence(e *response.Event) string {
	i := e.Incident
	if i == nil || i.Occasion == "" {
		return "Anomaly: " + whose(e)
	}
	switch i.Occasion {
	case response.Opened:
		return "Incident opened: " + whose(e)
	case response.Updated:
		return fmt.Sprintf("Incident updated, %s: %s", counted(int64(i.Anomalies), "anomaly", "anomalies"), whose(e))
	case response.Acknowledged:
		return "Incident acknowledged" + by(i.AcknowledgedBy) + ": " + whose(e)
	case response.Escalated:
		return "ESCALATED: " + whose(e)
	case response.Resolved:
		return "Incident resolved" + by(i.ResolvedBy) + ": " + whose(e)
	}
	return actOccurrence(e, i)
}

func actOccurrence(e *response.Event, i *response.Incident) string {
	var told response.ActTold
	if i.Act != nil {
		told = *i.Act
	}
	to, been := verbs(told.Action)
	where := ""
	if told.Target != "" {
		where = " (" + harmless(told.Target, maxWord) + ")"
	}
	switch i.Occasion {
	case response.ActProposed:
		return "Approval needed to " + to + " " + whose(e) + where
	case response.ActDone:
		return "Done: " + whose(e) + " is " + been + where
	case response.ActUndone:
		return "Undone: " + whose(e) + " is no longer " + been + where
	case response.ActLate:
		if told.State == "undoing" {
			return "LATE: " + whose(e) + " is STILL " + been + where + ", taking it back does not get through"
		}
		return "LATE: " + whose(e) + " is NOT YET " + been + where
	case response.ActFailed:
		return "FAILED: " + whose(e) + " is NOT " + been + where
	case response.ActUnknown:
		return "UNKNOWN whether " + whose(e) + " is " + been + where + ": somebody has to look"
	case response.ActUnproven:
		return "NOT PROVEN: " + whose(e) + " should be " + been + " and still works" + where
	case response.CircuitOpen:
		return "CIRCUIT OPEN: nothing more is done by itself, " + whose(e) + " is NOT " + been + where
	}
	return "Incident " + strings.ReplaceAll(harmless(string(i.Occasion), maxWord), "_", " ") + ": " + whose(e)
}

func by(who string) string {
	if who = harmless(who, maxWord); who == "" {
		return ""
	}
	return " by " + who
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// foot tells which message this is.
func foot(e *response.Event) string {
	if e.Incident == nil {
		return "anomaly " + harmless(e.ID, maxWord)
	}
	return fmt.Sprintf("incident %s, message %d", harmless(e.Incident.ID, maxWord), e.Incident.Sequence)
}
