package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

// page is what a browser is given: index.html with the first view's data in it, and the files that it needs.
type page struct {
	index *template.Template
	files map[string]file
}

type file struct {
	text       []byte
	media, tag string
}

// views are the paths that index.html is served at.
var views = []string{
	"/{$}", "/explore", "/token/{id}", "/anomaly/{id}", "/anomalies", "/response", "/hygiene", "/coverage", "/limits", "/plans", "/routes", "/capacity", "/spend",
}

func newPage(assets fs.FS) (*page, error) {
	p := &page{files: map[string]file{}}
	var err error
	if p.index, err = template.ParseFS(assets, "index.html"); err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	return p, fs.WalkDir(assets, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "index.html" {
			return err
		}
		text, err := fs.ReadFile(assets, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		p.files[name] = file{text, mediaOf(name), `"` + hex.EncodeToString(sum[:12]) + `"`}
		return nil
	})
}

// mediaOf is a file's type, whatever the machine's own table says.
func mediaOf(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".webmanifest":
		return "application/json"
	case ".txt", ".md", "":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (p *page) mount(mux *http.ServeMux, c *Console) {
	mux.HandleFunc("GET /assets/", p.asset)
	for _, at := range views {
		mux.HandleFunc("GET "+at, func(w http.ResponseWriter, r *http.Request) { p.view(c, w, r) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "there is no such page: begin at /", http.StatusNotFound)
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/assets/icon.svg"
		p.asset(w, r)
	})
}

func (p *page) asset(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[strings.TrimPrefix(r.URL.Path, "/assets/")]
	if !ok {
		http.Error(w, "there is no such file", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("ETag", f.tag)
	h.Set("Content-Type", f.media)
	h.Set("Cache-Control", "no-cache") // asked again with the tag: a new version is never half old
	if strings.Contains(r.Header.Get("If-None-Match"), f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(f.text)
}

// firstView is what the page begins with.
type firstView struct {
	Me     me             `json:"me"`
	Status *status        `json:"status,omitempty"`
	View   map[string]any `json:"view"`
}

// view serves the page. What of its data cannot be had it asks for itself, and shows why.
func (p *page) view(c *Console, w http.ResponseWriter, r *http.Request) {
	k, stop := c.call(w, r)
	defer stop()
	first := firstView{View: map[string]any{}}
	if k.in {
		if answer, err := k.statusNow(); err == nil {
			s := answer.(status)
			first.Status = &s
		}
		first.View = k.firstView()
	}
	first.Me = k.self()
	var out bytes.Buffer
	if err := p.index.Execute(&out, struct{ First firstView }{first}); err != nil {
		c.Trouble("draw the page", err)
		http.Error(w, "the page cannot be drawn: the Collector's log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(out.Bytes())
}

// firstView asks what the page of a path shows first.
func (k *call) firstView() map[string]any {
	out := map[string]any{}
	put := func(name string, answer any, err error) {
		if err == nil {
			out[name] = answer
		}
	}
	k.args = known(k.r.URL.Query(), filterParams(param{name: "sort"}))
	q, err := k.asked()
	if err != nil {
		return out
	}
	order := "-evidence"
	if asked := k.args.Get("sort"); slices.Contains(sorts, asked) {
		order = asked
	}
	switch at := k.r.URL.Path; {
	case at == "/":
		o, err := k.overviewOf(q)
		put("overview", o, err)
		rows, err := k.tokenRows(q, order, "", 60, true)
		put("tokens", rows, err)
	case strings.HasPrefix(at, "/token/"):
		t, err := k.one()
		if err != nil {
			return out
		}
		detail, err := k.tokenDetail(t, q)
		put("token", detail, err)
		beat, err := k.heartbeatOf(t, q)
		put("heartbeat", beat, err)
		usual, err := k.habitsOf(t, q)
		put("habits", usual, err)
	case strings.HasPrefix(at, "/anomaly/"):
		if f, err := k.oneAnomaly(); err == nil {
			out["anomaly"] = k.anomalyDetail(f)
		}
	}
	return out
}
