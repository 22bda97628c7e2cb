package integration

import (
	"fmt"
	"net/http"
	"time"
)

// visits is what a day at the shop looks like: every way to bring a credential and every outcome, through the gateway and
// past it. It returns how many requests each client made.
func (s *Shop) visits() map[string]int {
	s.t.Helper()
	requests := map[string]int{}
	get := func(client string, app *NodeApp, path string, who credential, status int) {
		s.t.Helper()
		s.Get(app, path, who, status)
		requests[client]++
	}

	for n := range 7 {
		get("key", s.Edge, fmt.Sprintf("/v1/orders/%d", 1000+n), apiKey(secretKey), http.StatusOK)
	}
	for n := range 3 {
		get("key", s.Orders, fmt.Sprintf("/v1/orders/%d", 2000+n), apiKey(secretKey), http.StatusOK)
	}
	get("key", s.Orders, "/v1/limited", apiKey(secretKey), http.StatusTooManyRequests)
	get("key", s.Orders, "/v1/nothing/here", apiKey(secretKey), http.StatusNotFound)
	get("key", s.Orders, "/v1/stock/17", apiKey(secretKey), http.StatusOK)
	get("key", s.Orders, "/v1/old", apiKey(secretKey), http.StatusFound)

	get("github", s.Edge, "/v1/orders", bearer(secretGitHub), http.StatusOK)
	get("github", s.Orders, "/v1/reports/5", bearer(secretGitHub), http.StatusInternalServerError)
	get("query", s.Edge, "/v1/orders", inQuery(secretQuery), http.StatusOK)
	get("query", s.Orders, "/v1/orders/77", inQuery(secretQuery), http.StatusOK)
	get("cookie", s.Orders, "/v1/orders/78", inCookie(secretCookie), http.StatusOK)

	// Two access tokens of one client, an hour of its life: the same principal.
	for _, jti := range []string{"first", "second"} {
		token := s.Login("billing-worker", jti, time.Hour)
		for n := range 3 {
			get("billing", s.Edge, fmt.Sprintf("/v1/orders/%d", 3000+n), bearer(token), http.StatusOK)
		}
	}
	get("mobile", s.Orders, "/v1/orders/79", bearer(s.Login("mobile-app", "other", time.Hour)), http.StatusOK)
	get("late", s.Orders, "/v1/orders/80", bearer(s.Login("late-worker", "expired", -time.Hour)), http.StatusUnauthorized)
	return requests
}
