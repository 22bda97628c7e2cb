package hint

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

type registry struct {
	File     string        `mapstructure:"file"`
	Interval time.Duration `mapstructure:"reload_interval"`
}

type target struct {
	Timeout time.Duration `mapstructure:"timeout"`
}

type base struct {
	Endpoint string `mapstructure:"endpoint"`
}

type config struct {
	base     `mapstructure:",squash"`
	Registry *registry         `mapstructure:"registry"`
	Targets  map[string]target `mapstructure:"targets"`
	Rules    []target          `mapstructure:"rules"`
	hidden   int
	_        struct{}
}

type anyKey struct {
	Rest map[string]any `mapstructure:",remain"`
}

type pipelines struct {
	Extensions []string `mapstructure:"extensions"`
}

var sections = []Section{
	{Name: "processors", Types: map[string]any{"token_identity": &config{hidden: 1}, "open": &anyKey{}, "opaque": nil}},
	{Name: "service", Self: pipelines{}},
}

func TestFor(t *testing.T) {
	for name, tt := range map[string]struct {
		err  string
		conf map[string]any
		want []string
	}{
		"a slip of the pen": {
			err:  "'config' has invalid keys: registri",
			conf: map[string]any{"processors": map[string]any{"token_identity/a": map[string]any{"registri": 1}}},
			want: []string{`processors::token_identity/a::registri: there is no such key, did you mean "registry"?`},
		},
		"two letters swapped, deeper": {
			err:  "'' has invalid keys: flie",
			conf: map[string]any{"processors": map[string]any{"token_identity": map[string]any{"registry": map[string]any{"flie": 1}}}},
			want: []string{`processors::token_identity::registry::flie: there is no such key, did you mean "file"?`},
		},
		"nothing near": {
			err:  "'' has invalid keys: zzzzzz",
			conf: map[string]any{"processors": map[string]any{"token_identity": map[string]any{"zzzzzz": 1}}},
			want: []string{`processors::token_identity::zzzzzz: there is no such key, known are endpoint, registry, rules, targets`},
		},
		"several, in maps and lists": {
			err: "'x' has invalid keys: timeot, tmeout",
			conf: map[string]any{"processors": map[string]any{"token_identity": map[string]any{
				"targets": map[string]any{"kong": map[string]any{"timeot": 1}},
				"rules":   []any{map[string]any{"tmeout": 1}},
			}}},
			want: []string{
				`processors::token_identity::rules[0]::tmeout: there is no such key, did you mean "timeout"?`,
				`processors::token_identity::targets::kong::timeot: there is no such key, did you mean "timeout"?`,
			},
		},
		"not refused, not mentioned": {
			err:  "something else",
			conf: map[string]any{"processors": map[string]any{"token_identity": map[string]any{"registri": 1}}},
		},
		"a component that takes any key": {
			err:  "'' has invalid keys: x",
			conf: map[string]any{"processors": map[string]any{"open": map[string]any{"x": 1}, "opaque": map[string]any{"x": 1}}},
		},
		"a component that does not exist": {
			err:  `'processors' unknown type: "token_identiy" for id: "token_identiy"`,
			conf: map[string]any{"processors": map[string]any{"token_identiy": nil}},
			want: []string{`processors::token_identiy: there is no such component, did you mean "token_identity"?`},
		},
		"a section that does not exist": {
			err:  "'' has invalid keys: processor",
			conf: map[string]any{"processor": nil},
			want: []string{`processor: there is no such key, did you mean "processors"?`},
		},
		"a section without components": {
			err:  "'service' has invalid keys: extension",
			conf: map[string]any{"service": map[string]any{"extension": []any{}}},
			want: []string{`service::extension: there is no such key, did you mean "extensions"?`},
		},
		"a unit": {
			err:  "'reload_interval' time: unknown unit",
			conf: map[string]any{"processors": map[string]any{"token_identity": map[string]any{"registry": map[string]any{"reload_interval": "5 s"}}}},
			want: []string{`processors::token_identity::registry::reload_interval: "5 s" is not a duration: write a number and its unit, such as 500ms, 15s or 1h30m`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, For(errors.New(tt.err), tt.conf, sections))
		})
	}
}

func TestBareDurations(t *testing.T) {
	conf := map[string]any{"processors": map[string]any{
		"token_identity": map[string]any{
			"registry": map[string]any{"reload_interval": 5},
			"targets":  map[string]any{"a": map[string]any{"timeout": 0}, "b": map[string]any{"timeout": "5s"}, "c": map[string]any{"timeout": nil}},
		},
	}}
	assert.Equal(t, []string{"processors::token_identity::registry::reload_interval: 5 has no unit: write 5s or 5ms"},
		BareDurations(conf, sections, "token_identity"))
	assert.Empty(t, BareDurations(conf, sections, "another"), "components of others keep their meaning")
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{"flie": "file", "fil": "file", "files": "file", "pile": "file", "xyz": "", "": ""} {
		assert.Equal(t, want, Nearest(word, []string{"file", "storage"}), word)
	}
	assert.Equal(t, "expired_use", Nearest("expired-use", []string{"decoy_use", "expired_use"}))
	assert.Equal(t, "a", Nearest("c", []string{"b", "a"}), "the first of those that are as near")
	assert.Empty(t, Nearest("anything", nil))
}
