package otelattr

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStatusFieldsOfLogs(t *testing.T) {
	sources := new(Sources)
	for _, name := range []string{
		"status", "status_code", "http.status_code", "http.response.status_code", "response_code", "responseStatus", "response.status",
	} {
		assert.Equal(t, roleHTTPStatus, sources.logField(name).role, name)
	}
	assert.Equal(t, noRole, sources.logField("http.response.body.size").role)
}
