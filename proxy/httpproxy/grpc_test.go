package httpproxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// TestGRPC: gRPC's own client and server do all that they do, with wye between
// them, by h2c and by TLS on both sides.
func TestGRPC(t *testing.T) {
	t.Parallel()
	certs := httptest.NewUnstartedServer(nil)
	certs.StartTLS()
	t.Cleanup(certs.Close)
	roots := x509.NewCertPool()
	roots.AddCert(certs.Certificate())
	trust := &tls.Config{RootCAs: roots, ServerName: "example.com"}
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprint("TLS ", secure), func(t *testing.T) {
			t.Parallel()
			var options []grpc.ServerOption
			ps, creds := PoolSettings{HTTP2: true}, insecure.NewCredentials()
			if secure {
				options = append(options, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: certs.TLS.Certificates})))
				ps.TLS, creds = trust, credentials.NewTLS(trust)
			}
			server, _, at := grpcServer(t, "a", options...)
			set := all(poolWith(t, upstream.Settings{}, ps, at))
			set.H2C = true
			if secure {
				set.TLS = &tls.Config{Certificates: certs.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}
			}
			s, addr := start(t, set)
			c := grpcClient(t, addr, creds)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			t.Cleanup(cancel)
			t.Run("unary", func(t *testing.T) { unary(ctx, t, c) })
			t.Run("streams", func(t *testing.T) { streams(ctx, t, c) })
			t.Run("conversation", func(t *testing.T) { conversation(ctx, t, c) })
			t.Run("ends", func(t *testing.T) { ends(ctx, t, c, server) })
			within(t, func() bool { return s.Count.Read().Active == 0 })
		})
	}
}

// unary: messages, metadata both ways, and statuses with their texts.
func unary(ctx context.Context, t *testing.T, c pb.TestServiceClient) {
	ctx = metadata.AppendToOutgoingContext(ctx, "x-asked", "one", "x-asked", "two", "x-raw-bin", "\x00\xff\n")
	var head, trailer metadata.MD
	for _, size := range []int{0, 1, 1 << 20} {
		res, err := c.UnaryCall(ctx, &pb.SimpleRequest{Payload: payload(size)}, grpc.Header(&head), grpc.Trailer(&trailer))
		if err != nil || !bytes.Equal(res.GetPayload().GetBody(), payload(size).Body) {
			t.Errorf("%d bytes: %d came back, %v", size, len(res.GetPayload().GetBody()), err)
		}
	}
	if fmt.Sprint(head["x-echo"], head["x-bin-bin"], trailer["x-last"]) != fmt.Sprint([]string{"one,two"}, []string{"\x00\xff\n"}, []string{"after the message"}) {
		t.Errorf("head %v, trailer %v", head, trailer)
	}
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		text := fmt.Sprintf("it is %v, 100%% \u00e9\n", code)
		_, err := c.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: int32(code), Message: text}}, grpc.Trailer(&trailer))
		if st := status.Convert(err); st.Code() != code || st.Message() != text || trailer["x-last"] == nil {
			t.Errorf("a status of %v %q came as %v, trailer %v", code, text, err, trailer)
		}
	}
	if _, err := c.UnimplementedCall(ctx, &pb.Empty{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("a call that the server has not: %v", err)
	}
}

// streams of a server, with their trailers, and of a client.
func streams(ctx context.Context, t *testing.T, c pb.TestServiceClient) {
	want := []int32{1, 100_000, 0, 1 << 20, 7}
	for _, code := range []codes.Code{codes.OK, codes.DataLoss} {
		out, err := c.StreamingOutputCall(ctx, &pb.StreamingOutputCallRequest{
			ResponseParameters: sizes(want...), ResponseStatus: &pb.EchoStatus{Code: int32(code), Message: "so far"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []int32
		var m *pb.StreamingOutputCallResponse
		for m, err = out.Recv(); err == nil; m, err = out.Recv() {
			got = append(got, int32(len(m.GetPayload().GetBody())))
		}
		if !errors.Is(err, io.EOF) && (status.Code(err) != code || status.Convert(err).Message() != "so far") || errors.Is(err, io.EOF) != (code == codes.OK) {
			t.Errorf("a stream that ends with %v: %v", code, err)
		}
		if !slices.Equal(got, want) || fmt.Sprint(out.Trailer()["x-sent"]) != "[5]" {
			t.Errorf("messages of %v bytes came as %v, trailer %v", want, got, out.Trailer())
		}
	}
	in, err := c.StreamingInputCall(ctx)
	for range 100 {
		if err == nil {
			err = in.Send(&pb.StreamingInputCallRequest{Payload: payload(10_000)})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if res, err := in.CloseAndRecv(); err != nil || res.GetAggregatedPayloadSize() != 1_000_000 {
		t.Errorf("100 messages: %v, %v", res, err)
	}
}

// conversation: each message is answered before the next one is sent.
func conversation(ctx context.Context, t *testing.T, c pb.TestServiceClient) {
	both, err := c.FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		sent := payload(i * 1000)
		if err := both.Send(&pb.StreamingOutputCallRequest{Payload: sent}); err != nil {
			t.Fatal(err)
		}
		if m, err := both.Recv(); err != nil || !bytes.Equal(m.GetPayload().GetBody(), sent.Body) {
			t.Fatalf("message %d: %d bytes, %v", i, len(m.GetPayload().GetBody()), err)
		}
	}
	if err := both.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if m, err := both.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("at its end %v, %v", m, err)
	}
}

// ends: deadlines are the server's too, and a client that gives up ends its
// call there.
func ends(ctx context.Context, t *testing.T, c pb.TestServiceClient, server *calls) {
	timed, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := c.EmptyCall(timed, &pb.Empty{}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("after its deadline: %v", err)
	}
	there := <-server.seen
	by, ok := there.Deadline()
	if want, _ := timed.Deadline(); !ok || by.Sub(want).Abs() > 5*time.Second {
		t.Errorf("the server's deadline is %v (%v), the client's %v", by, ok, want)
	}
	<-there.Done()

	leaving, leave := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		_, err := c.EmptyCall(leaving, &pb.Empty{})
		done <- err
	}()
	there = <-server.seen
	leave()
	if err := <-done; status.Code(err) != codes.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	select {
	case <-there.Done():
	case <-time.After(20 * time.Second):
		t.Error("the server was not told that the client has left")
	}
}

// TestGRPCServerDies: what is under way at a server that dies is UNAVAILABLE,
// which is what a client's own retries are for, and the next call is served.
func TestGRPCServerDies(t *testing.T) {
	t.Parallel()
	first, dies, a := grpcServer(t, "first")
	_, _, b := grpcServer(t, "second")
	set := all(poolWith(t, upstream.Settings{Policy: upstream.First}, PoolSettings{HTTP2: true}, a, b))
	set.H2C = true
	s, addr := start(t, set)
	c := grpcClient(t, addr, insecure.NewCredentials())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	waits := make(chan error, 1)
	go func() {
		_, err := c.EmptyCall(ctx, &pb.Empty{})
		waits <- err
	}()
	<-first.seen
	talks, err := c.FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := talks.Send(&pb.StreamingOutputCallRequest{Payload: payload(1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := talks.Recv(); err != nil {
		t.Fatal(err)
	}
	dies.Stop()
	if err := <-waits; status.Code(err) != codes.Unavailable {
		t.Errorf("a call under way: %v", err)
	}
	if _, err := talks.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("a stream under way: %v", err)
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "x-raw-bin", "")
	for range 3 {
		res, err := c.UnaryCall(ctx, &pb.SimpleRequest{})
		if err != nil || res.GetUsername() != "second" {
			t.Errorf("the next call: %v, %v", res, err)
		}
	}
	within(t, func() bool { return s.Count.Read().Active == 0 })
}
