package tokenstore

import "go.opentelemetry.io/collector/component"

// Watched is a Holder that says what is off on the way to its store.
type Watched interface {
	Holder
	// Trouble notes that something cannot be done, in words that follow on cannot; without an error, that it can again.
	Trouble(what string, err error)
}

// Troubles tells every token store of the host what is off.
func Troubles(host component.Host) (tell func(what string, err error)) {
	var told []Watched
	for _, extension := range host.GetExtensions() {
		if watched, ok := extension.(Watched); ok {
			told = append(told, watched)
		}
	}
	return func(what string, err error) {
		for _, watched := range told {
			watched.Trouble(what, err)
		}
	}
}
