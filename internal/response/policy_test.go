package response

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPolicyMatch(t *testing.T) {
	policy := Policy{
		{Name: "ours are exempt", Stop: true},
		{Name: "expired", Detectors: []string{"expired_use"}, Targets: []string{"kong", "people"}},
		{Name: "serious", MinSeverity: Error, Targets: []string{"pager"}},
		{Name: "everything", Targets: []string{"people"}},
	}
	all := func(int) bool { return true }
	notOurs := func(rule int) bool { return rule != 0 }
	for _, c := range []struct {
		name     string
		detector string
		severity Severity
		holds    func(int) bool
		matched  []int
	}{
		{"stop keeps the rest from seeing it", "expired_use", Fatal, all, []int{0}},
		{"every rule that fits, in order", "expired_use", Fatal, notOurs, []int{1, 2, 3}},
		{"too mild for the pager", "new_country", Warn, notOurs, []int{3}},
		{"the severity itself is enough", "new_country", Error, notOurs, []int{2, 3}},
		{"no condition holds", "new_country", Fatal, func(int) bool { return false }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.matched, policy.Match(c.detector, c.severity, c.holds))
		})
	}
}

func TestPolicyAsksOnlyWhatMatters(t *testing.T) {
	policy := Policy{{Detectors: []string{"odd_hours"}}, {MinSeverity: Fatal}, {}}
	var asked []int
	policy.Match("new_country", Warn, func(rule int) bool {
		asked = append(asked, rule)
		return true
	})
	assert.Equal(t, []int{2}, asked)
}

func TestSeverityText(t *testing.T) {
	for _, s := range []Severity{Warn, Error, Fatal} {
		text, err := s.MarshalText()
		assert.NoError(t, err)
		var back Severity
		assert.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, s, back)
	}
	var s Severity
	assert.NoError(t, s.UnmarshalText([]byte("FATAL")))
	assert.Equal(t, Fatal, s)
	assert.EqualError(t, s.UnmarshalText([]byte("critical")), `unknown severity "critical": write warn, error or fatal`)
	assert.Equal(t, "severity(9)", Severity(9).String())
}
