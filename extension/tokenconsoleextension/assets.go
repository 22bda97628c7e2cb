package tokenconsoleextension

import (
	"embed"
	"io/fs"
)

//go:embed assets
var page embed.FS

// assets are what the page is made of.
func assets() fs.FS {
	sub, err := fs.Sub(page, "assets")
	if err != nil {
		panic(err) // the name is a valid path
	}
	return sub
}
