# Both images must be of the same Debian release: the program is linked with
# glibc, and an older one may lack what the newer one's headers promise.
ARG GO_IMAGE=golang:1.26-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# PostgreSQL's grammar is 10 MB of C and takes minutes: a layer of its own,
# good until go.mod changes.
RUN go build -trimpath github.com/pganalyze/pg_query_go/v5
COPY . .
ARG VERSION=unknown
RUN go build -trimpath -ldflags "-X main.version=${VERSION}" -o /out/usr/local/bin/wye ./cmd/wye && \
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ca-certificates.crt

FROM ${BASE_IMAGE}
# In one go: Docker's legacy builder loses a layer between two COPYs in a row.
COPY --from=build /out/ /
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 6432 9630
HEALTHCHECK --interval=5s --timeout=4s --start-period=5s --retries=3 CMD ["wye", "health"]
ENTRYPOINT ["wye"]
CMD ["run", "/etc/wye/wye.yaml"]
