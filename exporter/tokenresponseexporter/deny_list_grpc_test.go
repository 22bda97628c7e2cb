package tokenresponseexporter

import (
	"fmt"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/response"
)

func TestEnvoyAsksOverGRPC(t *testing.T) {
	d := startDenying(t, storageHost(t, t.TempDir()), denyConfig)
	check := d.envoy()
	bearer := map[string]string{":method": "GET", "authorization": "Bearer " + stolenKey}
	assert.Equal(t, codes.OK, code(check("GET", "/v1/orders", "192.0.2.7", bearer)))

	d.lock(stolenKey)
	answer := check("GET", "/v1/orders", "192.0.2.7", bearer)
	assert.Equal(t, codes.PermissionDenied, code(answer))
	denied := answer.GetDeniedResponse()
	require.NotNil(t, denied)
	assert.EqualValues(t, 403, denied.GetStatus().GetCode())
	assert.Contains(t, denied.GetBody(), `"error":"token_locked"`)
	assert.Contains(t, fmt.Sprint(denied.GetHeaders()), "X-Holter-Reason")
	assert.Equal(t, codes.OK, code(check("GET", "/v1/orders", "192.0.2.7", map[string]string{"authorization": "Bearer " + blameless})))
	assert.Equal(t, codes.PermissionDenied, code(check("GET", "/v1/orders?api_key="+stolenKey, "192.0.2.7", nil)))
	assert.Equal(t, codes.PermissionDenied, code(check("GET", "/", "192.0.2.7", nil,
		&corev3.HeaderValue{Key: "authorization", Value: "Bearer " + blameless}, &corev3.HeaderValue{Key: "x-api-key", RawValue: []byte(stolenKey)})))

	token := idOf(t, stolenKey)
	require.Equal(t, response.Done, d.act(response.Lock, response.Undo, token, "").Verdict)
	require.Equal(t, response.Done, d.act(response.Reauthenticate, response.Do, token, "").Verdict)
	assert.Equal(t, codes.Unauthenticated, code(check("GET", "/v1/orders", "192.0.2.7", bearer)))
	require.Equal(t, response.Done, d.act(response.Reauthenticate, response.Undo, token, "").Verdict)

	grant := `,"grant":{"scopes":["orders.read"],"routes":["GET /v1/orders"],"networks":["192.0.2.0/24"]}`
	require.Equal(t, response.Done, d.act(response.Restrict, response.Do, token, grant).Verdict)
	answer = check("GET", "/v1/orders?page=2", "192.0.2.7", bearer)
	assert.Equal(t, codes.OK, code(answer))
	assert.Contains(t, fmt.Sprint(answer.GetOkResponse().GetHeaders()), "orders.read")
	assert.Equal(t, codes.PermissionDenied, code(check("POST", "/v1/orders", "192.0.2.7", bearer)))
	assert.Equal(t, codes.PermissionDenied, code(check("GET", "/v1/orders", "198.51.100.1", bearer)))
	behind := map[string]string{"authorization": "Bearer " + stolenKey, "x-forwarded-for": "198.51.100.9, 192.0.2.9"}
	assert.Equal(t, codes.OK, code(check("GET", "/v1/orders", "10.0.0.3", behind)), "the peer is a trusted proxy")
	assert.Equal(t, codes.PermissionDenied, code(check("GET", "/v1/orders", "198.51.100.1", behind)), "the peer is not, and says what it likes")
}

// With encode_raw_headers there is no map.
func TestEnvoySendsRawHeaders(t *testing.T) {
	d := startDenying(t, storageHost(t, t.TempDir()), strings.Replace(denyConfig, "deny_list:", "deny_list:\n  tenant: {header: X-Tenant}", 1))
	check := d.envoy()
	ask := func(from string, headers ...string) codes.Code {
		var raw []*corev3.HeaderValue
		for n := 0; n < len(headers); n += 2 {
			raw = append(raw, &corev3.HeaderValue{Key: headers[n], RawValue: []byte(headers[n+1])})
		}
		return code(check("GET", "/v1/orders", from, nil, raw...))
	}
	id := d.deny.ids("t1", credential.Plain, stolenKey)[0]
	require.Equal(t, response.Done, d.act(response.Lock, response.Do, id, "").Verdict)
	assert.Equal(t, codes.PermissionDenied, ask("192.0.2.7", "x-api-key", stolenKey, "x-tenant", "t1"))
	assert.Equal(t, codes.OK, ask("192.0.2.7", "x-api-key", stolenKey, "x-tenant", "t2"), "the same key of another tenant")

	require.Equal(t, response.Done, d.act(response.Lock, response.Undo, id, "").Verdict)
	require.Equal(t, response.Done, d.act(response.Restrict, response.Do, id, `,"grant":{"networks":["192.0.2.0/24"]}`).Verdict)
	assert.Equal(t, codes.OK, ask("10.0.0.3", "x-api-key", stolenKey, "x-tenant", "t1", "x-forwarded-for", "198.51.100.9", "x-forwarded-for", "192.0.2.9"))
	assert.Equal(t, codes.PermissionDenied, ask("10.0.0.3", "x-api-key", stolenKey, "x-tenant", "t1", "x-forwarded-for", "198.51.100.9"))
}

func TestEnvoyWhileItIsNotKnownWhomToRefuse(t *testing.T) {
	check := startDenying(t, brokenHost(), denyConfig).envoy()
	assert.Equal(t, codes.OK, code(check("POST", "/v1/refunds", "192.0.2.7", nil)))
	answer := check("POST", "/v1/payments/7", "192.0.2.7", nil)
	assert.Equal(t, codes.Unavailable, code(answer))
	assert.EqualValues(t, 503, answer.GetDeniedResponse().GetStatus().GetCode())
}

func code(answer *authv3.CheckResponse) codes.Code { return codes.Code(answer.GetStatus().GetCode()) }

// envoy asks as Envoy does.
func (d *denying) envoy() func(method, path, from string, headers map[string]string, raw ...*corev3.HeaderValue) *authv3.CheckResponse {
	connection, err := grpc.NewClient(d.deny.addresses["grpc"].String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(d.t, err)
	d.t.Cleanup(func() { _ = connection.Close() })
	client := authv3.NewAuthorizationClient(connection)
	return func(method, path, from string, headers map[string]string, raw ...*corev3.HeaderValue) *authv3.CheckResponse {
		answer, err := client.Check(d.t.Context(), &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
			Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{Address: from}}}},
			Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
				Method: method, Path: path, Headers: headers, HeaderMap: &corev3.HeaderMap{Headers: raw},
			}},
		}})
		require.NoError(d.t, err)
		return answer
	}
}
