package httpproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// calls is gRPC's own test service, which tells what it sees.
type calls struct {
	pb.UnimplementedTestServiceServer
	name string
	seen chan context.Context // of calls that wait for their end
}

// EmptyCall waits until nobody wants its answer any more.
func (c *calls) EmptyCall(ctx context.Context, _ *pb.Empty) (*pb.Empty, error) {
	c.seen <- ctx
	<-ctx.Done()
	return nil, ctx.Err()
}

func (c *calls) UnaryCall(ctx context.Context, in *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	_ = grpc.SetHeader(ctx, metadata.Pairs("x-name", c.name, "x-echo", strings.Join(md["x-asked"], ","), "x-bin-bin", md.Get("x-raw-bin")[0]))
	_ = grpc.SetTrailer(ctx, metadata.Pairs("x-last", "after the message"))
	if st := in.GetResponseStatus(); st.GetCode() != 0 {
		return nil, status.Error(codes.Code(st.GetCode()), st.GetMessage())
	}
	return &pb.SimpleResponse{Payload: in.GetPayload(), Username: c.name}, nil
}

func (c *calls) StreamingOutputCall(in *pb.StreamingOutputCallRequest, out grpc.ServerStreamingServer[pb.StreamingOutputCallResponse]) error {
	for _, p := range in.GetResponseParameters() {
		if err := out.Send(&pb.StreamingOutputCallResponse{Payload: &pb.Payload{Body: make([]byte, p.GetSize())}}); err != nil {
			return err
		}
	}
	out.SetTrailer(metadata.Pairs("x-sent", fmt.Sprint(len(in.GetResponseParameters()))))
	if st := in.GetResponseStatus(); st.GetCode() != 0 {
		return status.Error(codes.Code(st.GetCode()), st.GetMessage())
	}
	return nil
}

func (c *calls) StreamingInputCall(in grpc.ClientStreamingServer[pb.StreamingInputCallRequest, pb.StreamingInputCallResponse]) error {
	var n int32
	for {
		m, err := in.Recv()
		if errors.Is(err, io.EOF) {
			return in.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: n})
		}
		if err != nil {
			return err
		}
		n += int32(len(m.GetPayload().GetBody()))
	}
}

// FullDuplexCall answers each message at once.
func (c *calls) FullDuplexCall(both grpc.BidiStreamingServer[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]) error {
	for {
		m, err := both.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = both.Send(&pb.StreamingOutputCallResponse{Payload: m.GetPayload()})
		}
		if err != nil {
			return err
		}
	}
}

// grpcServer is a real one, to be stopped by the test or its end.
func grpcServer(t *testing.T, name string, o ...grpc.ServerOption) (*calls, *grpc.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, s := &calls{name: name, seen: make(chan context.Context, 10)}, grpc.NewServer(o...)
	pb.RegisterTestServiceServer(s, c)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	return c, s, l.Addr().String()
}

func grpcClient(t *testing.T, addr string, creds credentials.TransportCredentials) pb.TestServiceClient {
	t.Helper()
	c, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(creds), grpc.WithDisableRetry())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return pb.NewTestServiceClient(c)
}

func payload(n int) *pb.Payload { return &pb.Payload{Body: slices.Repeat([]byte("wye"), n)[:n]} }

func sizes(ns ...int32) (ps []*pb.ResponseParameters) {
	for _, n := range ns {
		ps = append(ps, &pb.ResponseParameters{Size: n})
	}
	return ps
}
