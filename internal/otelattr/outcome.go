package otelattr

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/behavior"
)

// Outcome is what became of the request, from the token's point of view: by its HTTP status, by its RPC status, else by the
// status of its span. ok is false where nothing tells.
func (s *Sight) Outcome(status ptrace.StatusCode, isSpan bool) (outcome behavior.Outcome, ok bool) {
	switch {
	case s.HTTPStatus >= 100 && s.HTTPStatus < 600:
		return httpOutcome(s.HTTPStatus), true
	case s.RPCStatus >= 0:
		return rpcOutcome(s.RPCStatus), true
	case !isSpan:
		return behavior.Success, false
	case status == ptrace.StatusCodeError:
		return behavior.ServerError, true
	}
	return behavior.Success, true
}

// OutcomeText is what is written of an outcome. It never changes.
func OutcomeText(o behavior.Outcome) *string { return &outcomeTexts[o] }

var outcomeTexts = func() (texts [behavior.ServerError + 1]string) {
	for o := range texts {
		texts[o] = behavior.Outcome(o).String()
	}
	return texts
}()

func httpOutcome(status int) behavior.Outcome {
	switch {
	case status == 401, status == 403:
		return behavior.AuthError
	case status == 429:
		return behavior.RateLimited
	case status >= 500:
		return behavior.ServerError
	case status >= 400:
		return behavior.ClientError
	}
	return behavior.Success
}

// rpcOutcome follows what the semantic conventions call an error of the server.
func rpcOutcome(code int) behavior.Outcome {
	switch code {
	case 0:
		return behavior.Success
	case 7, 16: // PERMISSION_DENIED, UNAUTHENTICATED
		return behavior.AuthError
	case 8: // RESOURCE_EXHAUSTED
		return behavior.RateLimited
	case 2, 4, 12, 13, 14, 15: // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS
		return behavior.ServerError
	}
	return behavior.ClientError
}

// parseHTTPStatus reads a status that is written as text, as access logs do.
func parseHTTPStatus(value string) int {
	if len(value) < 3 || len(value) > 5 {
		return 0
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || n < 100 || n > 599 {
		return 0
	}
	return int(n)
}

// parseRPCStatus reads the name or the number of a gRPC status.
func parseRPCStatus(value string) int {
	if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < len(rpcCodes) {
		return n
	}
	for code, name := range rpcCodes {
		if strings.EqualFold(name, value) {
			return code
		}
	}
	return -1
}
