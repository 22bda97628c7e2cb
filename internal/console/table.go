package console

import "github.com/holterhq/holter/internal/console/access"

// table is what can be asked and said.
func (c *Console) table() []route {
	get, post := "GET", "POST"
	measure := param{name: "measure", about: "what is counted", of: measures}
	group := param{name: "group", about: "what it is broken down by: " + groupNames + ", or tag:<key>"}
	step := param{name: "step", about: "width of a point: 1m, 1h, 1d; what fits, unless given"}
	return []route{
		{method: get, path: "/me", summary: "Who asks, and how to log in", gives: me{}, answer: (*call).me},
		{method: post, path: "/session", summary: "Log in", takes: login{}, gives: me{}, answer: (*call).logIn},
		{method: "DELETE", path: "/session", summary: "Log out", status: 204, answer: (*call).logOut},
		{method: get, path: "/status", summary: "How the store and the demo are", role: access.Read, gives: status{}, answer: (*call).statusNow},
		{
			method: get, path: "/overview", summary: "Totals, movers and anomalies", role: access.Read, params: filterParams(), gives: overview{},
			answer: (*call).overview,
		},
		{
			method: get, path: "/tokens", summary: "Tokens, with how they are", role: access.Read,
			params: filterParams(param{name: "sort", about: "with - before it from the greatest", of: sorts}, limitParam, cursorParam,
				param{name: "strip", about: "1: with their heartbeat", of: []string{"0", "1"}}),
			gives: tokenList{}, answer: (*call).tokens,
		},
		{method: get, path: "/tokens/{id}", summary: "One token, and whether it is all right", role: access.Read, params: timeParams, gives: tokenDetail{}, answer: (*call).token},
		{
			method: get, path: "/tokens/{id}/heartbeat", summary: "Requests along time, in the learned band, with what happened", role: access.Read,
			params: append(timeParams[:2:2], step), gives: heartbeat{}, answer: (*call).heartbeat,
		},
		{method: get, path: "/tokens/{id}/habits", summary: "What is usual for a token, beside now", role: access.Read, params: timeParams, gives: habits{}, answer: (*call).habits},
		{
			method: get, path: "/series", summary: "A measure along time", role: access.Read, params: filterParams(measure, group, step, limitParam), gives: seriesAnswer{},
			answer: (*call).series,
		},
		{
			method: get, path: "/top", summary: "The greatest of a group", role: access.Read, params: filterParams(measure, group, limitParam), gives: topAnswer{},
			answer: (*call).top,
		},
		{
			method: get, path: "/anomalies", summary: "Anomalies, the latest first", role: access.Read,
			params: append(append(timeParams[:2:2], tokenParams...), param{name: "detector", about: "which noticed", many: true},
				param{name: "severity", about: "WARN look, ERROR act, FATAL confirmed", many: true, of: severities}, limitParam, cursorParam),
			gives: anomalyList{}, answer: (*call).anomalies,
		},
		{method: get, path: "/anomalies/{id}", summary: "One anomaly, with where to look further", role: access.Read, gives: anomalyDetail{}, answer: (*call).anomaly},
	}
}
