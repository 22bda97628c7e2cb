package console

import (
	"net/http"

	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/insight"
)

// table is what can be asked and said.
func (c *Console) table() []route {
	get, post := "GET", "POST"
	measure := param{name: "measure", about: "what is counted", of: measures}
	group := param{name: "group", about: "what it is broken down by: " + groupNames + ", or tag:<key>"}
	step := param{name: "step", about: "width of a point: 1m, 1h, 1d; what fits, unless given"}
	limitGroup := param{name: "group", about: "a limit of each token, or of each token on a route", of: []string{"token", "route"}}
	window := param{name: "window", about: "that requests are counted in", of: []string{"1m", "1h", "24h"}}
	return []route{
		{method: get, path: "/me", summary: "Who asks, and how to log in", gives: me{}, answer: (*call).me},
		{method: post, path: "/session", summary: "Log in", takes: login{}, gives: me{}, answer: (*call).logIn},
		{method: "DELETE", path: "/session", summary: "Log out", status: http.StatusNoContent, answer: (*call).logOut},
		{
			method: get, path: "/login", summary: "Log in at the login provider", params: []param{{name: "return", about: "path of the page to come back to"}}, status: http.StatusFound,
			write: (*call).sendOff,
		},
		{method: get, path: "/login/callback", summary: "Come back from the login provider", anyParams: true, media: "text/html", write: (*call).comeBack},
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
			params: subjectParams(detectorParam, severityParam, limitParam, cursorParam), gives: anomalyList{}, answer: (*call).anomalies,
		},
		{method: get, path: "/anomalies/{id}", summary: "One anomaly, with where to look further", role: access.Read, gives: anomalyDetail{}, answer: (*call).anomaly},
		{
			method: post, path: "/anomalies/{id}/feedback", summary: "Say whether it is the token's own doing", role: access.Respond, takes: opinion{}, gives: noted{},
			status: http.StatusAccepted, answer: (*call).feedback,
		},
		{
			method: get, path: "/anomalies/{id}/incident.html", summary: "A file that holds all there is to know of an anomaly", role: access.Read,
			media: "text/html", write: (*call).incident,
		},
		{method: get, path: "/response", summary: "How acts stand as a whole", role: access.Read, gives: responseNow{}, answer: (*call).responseNow},
		{
			method: post, path: "/response", summary: "Stop all acts, or let them go again", role: access.Respond, takes: turnSwitch{}, gives: noted{}, status: http.StatusAccepted,
			answer: (*call).turnSwitch,
		},
		{
			method: get, path: "/incidents", summary: "Incidents, the latest first", role: access.Read,
			params: append(tokenParams[:len(tokenParams):len(tokenParams)], param{name: "state", about: "how they stand", many: true, of: incidentStates}, limitParam),
			gives:  incidentList{}, answer: (*call).incidents,
		},
		{method: get, path: "/incidents/{id}", summary: "One incident, with all that happened", role: access.Read, gives: incidentDetail{}, answer: (*call).incidentNow},
		{
			method: post, path: "/incidents/{id}", summary: "Look after an incident, or say that it is over", role: access.Respond, takes: move{}, gives: noted{},
			status: http.StatusAccepted, answer: (*call).moveIncident,
		},
		{
			method: get, path: "/tokens/{id}/blast", summary: "What an act would break, and what it would leave", role: access.Read,
			params: []param{{name: "action", about: "lock, unless given", of: actions}}, gives: reach{}, answer: (*call).reach,
		},
		{
			method: post, path: "/tokens/{id}/acts", summary: "Lock, restrict or log out a token", role: access.Respond, takes: order{}, gives: noted{},
			status: http.StatusAccepted, answer: (*call).orderAct,
		},
		{
			method: post, path: "/acts/{id}", summary: "Approve, refuse or take back an act", role: access.Respond, takes: answerTo{}, gives: noted{}, status: http.StatusAccepted,
			answer: (*call).answerAct,
		},
		{method: get, path: "/letters", summary: "What could not be delivered", role: access.Respond, gives: letterList{}, answer: (*call).deadLetters},
		{
			method: post, path: "/letters/{id}/replay", summary: "Send again what could not be delivered", role: access.Respond, takes: replay{}, gives: noted{},
			status: http.StatusAccepted, answer: (*call).replayLetter,
		},
		{
			method: get, path: "/audit", summary: "Who did what, and why: of a token, or of all", role: access.Read,
			params: []param{{name: "token", about: "api_token.id; without one the role admin is needed", many: true}, limitParam, cursorParam}, gives: auditList{}, answer: (*call).audits,
		},
		{
			method: get, path: "/hygiene", summary: "Tokens that want tidying up", role: access.Read,
			params: subjectParams(param{name: "days", about: "without use, and without rotation; 90 unless given", number: true}), gives: insight.Hygiene{}, answer: kept((*call).hygiene),
		},
		{
			method: get, path: "/coverage", summary: "How much of each service's traffic can be told by its token", role: access.Read,
			params: append(timeParams[:2:2], only("service", "service.name"), only("demo", "services that the demo makes up")), gives: coverage{},
			answer: kept((*call).coverage),
		},
		{
			method: get, path: "/limits", summary: "Rate limits that leave tokens room", role: access.Read, params: subjectParams(limitGroup, window), gives: limits{},
			answer: kept((*call).limits),
		},
		{
			method: get, path: "/limits/export", summary: "The same as the configuration of a gateway", role: access.Read,
			params: subjectParams(limitGroup, window, param{name: "format", about: "of which gateway", of: insight.GatewayFormats}), media: "text/plain", answer: (*call).exportLimits,
		},
		{method: get, path: "/plans", summary: "Usage by owner and plan", role: access.Read, params: subjectParams(), gives: insight.Plans{}, answer: kept((*call).plans)},
		{
			method: get, path: "/routes", summary: "Routes under stress, worth an effort, new, and deprecated", role: access.Read,
			params: subjectParams(only("route", "such as GET /v1/orders/{id}")), gives: insight.Routes{},
			answer: kept((*call).routesNow),
		},
		{method: get, path: "/capacity", summary: "When limits are reached", role: access.Read, params: subjectParams(), gives: capacity{}, answer: kept((*call).capacity)},
		{
			method: get, path: "/spend", summary: "What priced usage cost", role: access.Read,
			params: subjectParams(only("model", "language model"), param{name: "group", about: "it is broken down by", of: []string{"token", "owner", "model"}}), gives: insight.Spending{}, answer: kept((*call).spend),
		},
		{method: get, path: "/stream", summary: "What happens, while it happens: beat, token, anomaly, response and demo", role: access.Read, params: tokenParams, media: "text/event-stream", write: (*call).stream},
		{
			method: get, path: "/export", summary: "Tokens, series, anomalies or usage as a file", role: access.Read,
			params: filterParams(measure, group, step.but("width of a point of a series, what fits unless given; of usage 1m, 1h, which is usual, or 1d: those that from and to fall into are there whole"), param{name: "limit", about: "of series: how many of the greatest; of what else: how many rows at most", number: true},
				detectorParam.but("of anomalies: which noticed"), severityParam.but("of anomalies"), param{name: "what", about: "is exported", of: exports}, param{name: "format", about: "of the file", of: formats}),
			media: "text/csv", write: (*call).export,
		},
		{
			method: post, path: "/demo", summary: "Play the demo, or remove it", role: access.Admin, takes: demoOrder{}, gives: demoEvent{}, status: http.StatusAccepted,
			answer: (*call).demo,
		},
		{method: post, path: "/erase", summary: "Let go of all that is known of an owner, or of tokens", role: access.Admin, takes: erasure{}, gives: erased{}, answer: (*call).eraseSomebody},
		{method: get, path: "/openapi.json", summary: "This description", media: "application/json", write: (*call).openapi},
	}
}
