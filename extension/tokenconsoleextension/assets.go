package tokenconsoleextension

import (
	"embed"
	"io/fs"
)

//go:embed assets
var embedded embed.FS

// assets are what the page is made of.
func assets() fs.FS {
	sub, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // the name is a valid path
	}
	return sub
}
