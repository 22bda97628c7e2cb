package otlpsend

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// exportTimeout is how long one try may take.
const exportTimeout = 30 * time.Second

type grpcExporter struct {
	conn   *grpc.ClientConn
	client ptraceotlp.GRPCClient
}

func newGRPC(cfg Config) (exporter, error) {
	if _, ok := asURL(cfg.Endpoint); ok {
		return nil, fmt.Errorf("endpoint %s is a URL: with gRPC write host:port alone", cfg.Endpoint)
	}
	creds := credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	if cfg.Insecure {
		creds = insecure.NewCredentials()
	}
	conn, err := grpc.NewClient("passthrough:///"+cfg.Endpoint, grpc.WithTransportCredentials(creds))
	if err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", cfg.Endpoint, err)
	}
	return &grpcExporter{conn, ptraceotlp.NewGRPCClient(conn)}, nil
}

func (e *grpcExporter) export(ctx context.Context, b *Batch) (int64, string, error) {
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	res, err := e.client.Export(ctx, ptraceotlp.NewExportRequestFromTraces(b.Traces))
	if err != nil {
		return 0, "", refusalOf(err)
	}
	return res.PartialSuccess().RejectedSpans(), res.PartialSuccess().ErrorMessage(), nil
}

// refusalOf marks the errors that OTLP calls retryable. Time-outs are not: the batch may have arrived, and would count twice.
func refusalOf(err error) error {
	st := status.Convert(err)
	switch st.Code() {
	case codes.Unavailable, codes.ResourceExhausted, codes.Aborted:
	default:
		return err
	}
	r := refusal{error: err}
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			r.wait = info.GetRetryDelay().AsDuration()
		}
	}
	return r
}

func (e *grpcExporter) close() error { return e.conn.Close() }
