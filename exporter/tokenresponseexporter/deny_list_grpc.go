package tokenresponseexporter

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/holterhq/holter/internal/response/denylist"
)

// extAuthz answers Envoy's checks over gRPC.
type extAuthz struct {
	authv3.UnimplementedAuthorizationServer
	*denyList
}

func (d *denyList) register(server *grpc.Server) {
	authv3.RegisterAuthorizationServer(server, &extAuthz{denyList: d})
}

// Check answers one request.
func (e *extAuthz) Check(ctx context.Context, r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	attributes := r.GetAttributes()
	about := attributes.GetRequest().GetHttp()
	asked := denylist.Request{Method: about.GetMethod(), URI: about.GetPath(), Headers: headersOfEnvoy(about), Tenant: e.cfg.Tenant.Value}
	if name := e.cfg.Tenant.Header; name != "" {
		asked.Tenant = strings.Join(valuesOf(about, name), ",") // as Envoy itself joins them in the map
	}
	asked.Client = e.clientOf(attributes.GetSource().GetAddress().GetSocketAddress().GetAddress(), valuesOf(about, "x-forwarded-for")...)
	now := time.Now()
	answer := e.check(ctx, byExtAuthz, &asked, now)
	said := say(&answer, now)
	if said.status == http.StatusOK {
		return &authv3.CheckResponse{
			Status:       &status.Status{Code: int32(codes.OK)},
			HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{Headers: options(said.headers)}},
		}, nil
	}
	code := codes.PermissionDenied
	switch answer.Verdict {
	case denylist.Reauthenticated:
		code = codes.Unauthenticated
	case denylist.Closed:
		code = codes.Unavailable
	}
	return &authv3.CheckResponse{
		Status: &status.Status{Code: int32(code), Message: answer.Verdict.String()},
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{
			Status:  &typev3.HttpStatus{Code: typev3.StatusCode(said.status)},
			Headers: options(append(said.headers, [2]string{"Content-Type", "application/json"}, [2]string{"Cache-Control", "no-store"})),
			Body:    string(said.body),
		}},
	}, nil
}

// headersOfEnvoy are those of the request, as a map, or with encode_raw_headers as a list.
func headersOfEnvoy(about *authv3.AttributeContext_HttpRequest) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for name, value := range about.GetHeaders() {
			if !yield(name, value) {
				return
			}
		}
		for _, h := range about.GetHeaderMap().GetHeaders() {
			value := h.GetValue()
			if raw := h.GetRawValue(); len(raw) > 0 {
				value = string(raw)
			}
			if !yield(h.GetKey(), value) {
				return
			}
		}
	}
}

// valuesOf are the values of a header, in their order.
func valuesOf(about *authv3.AttributeContext_HttpRequest, name string) (values []string) {
	if value, ok := about.GetHeaders()[strings.ToLower(name)]; ok {
		return []string{value}
	}
	for key, value := range headersOfEnvoy(about) {
		if strings.EqualFold(key, name) {
			values = append(values, value)
		}
	}
	return values
}

func options(headers [][2]string) []*corev3.HeaderValueOption {
	all := make([]*corev3.HeaderValueOption, len(headers))
	for i, h := range headers {
		all[i] = &corev3.HeaderValueOption{
			Header:       &corev3.HeaderValue{Key: h[0], Value: h[1]},
			AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
		}
	}
	return all
}
