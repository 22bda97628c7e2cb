// Package serving ends servers in bounded time: whoever sends half a request must not keep the process from ending.
package serving

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/grpc"
)

// Grace is how long requests that are under way have to come to an end.
const Grace = 3 * time.Second

// End lets a server finish what it is at, and cuts off what takes longer than Grace.
func End(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, Grace)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return server.Close()
	}
	return err
}

// EndGRPC does the same.
func EndGRPC(ctx context.Context, server *grpc.Server) {
	ctx, cancel := context.WithTimeout(ctx, Grace)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.GracefulStop()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		server.Stop()
		<-done
	}
}
