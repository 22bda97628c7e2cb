package console

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"

	"github.com/holterhq/holter/internal/console/access"
)

// sendOff sends a browser to the login provider.
func (k *call) sendOff() error {
	if k.Gate.Login != access.LoginOIDC {
		return conflict("nobody logs in here at another site: see login of /api/v1/me")
	}
	if wait, ok := k.Gate.Attempts.Take("address "+access.Address(k.r), k.now); !ok {
		k.Count(DroppedLogin)
		return tooMany(wait, "too many tries to log in: wait a little")
	}
	return k.Gate.SendOff(k.w, k.r, k.args.Get("return"), k.now)
}

// welcome leads on to the page. A redirect would not do: browsers send a strict cookie only where the console itself has led them.
var welcome = template.Must(template.New("welcome").Parse(
	`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Holter</title><meta http-equiv="refresh" content="0; url={{.}}"></head>` +
		`<body><p>You are logged in. <a href="{{.}}">Go on</a></p></body></html>`))

// comeBack lets a browser in that comes back from the login provider.
func (k *call) comeBack() error {
	if k.Gate.Login != access.LoginOIDC {
		return conflict("nobody logs in here at another site: see login of /api/v1/me")
	}
	who, then, err := k.Gate.ComeBack(k.w, k.r, k.now)
	switch {
	case errors.Is(err, access.ErrJourney):
		return badRequest("state", "%s", err)
	case errors.Is(err, access.ErrNoRole):
		k.who = who
		return errors.Join(forbidden("%s", err), k.audit("login_refused", who.Name+" has no role", nil))
	case errors.Is(err, access.ErrPassword):
		return errors.Join(err, k.audit("login_refused", "somebody could not log in", nil))
	case err != nil:
		return fmt.Errorf("log somebody in: %w", err)
	}
	k.who = who
	if err := k.audit("login", who.Name+" logged in", nil); err != nil {
		return err
	}
	k.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	k.w.WriteHeader(http.StatusOK)
	return welcome.Execute(k.w, then)
}
