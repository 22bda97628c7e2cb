# A static binary on nothing. By default it runs the built-in configuration, with its data under /var/lib/holter:
#
#   docker run -p 4317:4317 -p 4318:4318 -p 8889:8889 -v holter:/var/lib/holter holter
#   docker run … -p 8686:8686 -e HOLTER_CONSOLE=0.0.0.0:8686, with who may log in: see extension/tokenconsoleextension/README.md
#   docker run … -v ./gateway.yaml:/etc/holter.yaml holter --config /etc/holter.yaml
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/otelcol-holter ./cmd/otelcol-holter && mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/otelcol-holter /otelcol-holter
COPY --from=build --chown=10001:10001 /out/data /var/lib/holter
USER 10001:10001
ENV HOLTER_DATA=/var/lib/holter HOLTER_HOST=0.0.0.0
VOLUME /var/lib/holter
# OTLP over gRPC and HTTP, usage metrics, the page, health
EXPOSE 4317 4318 8889 8686 13133
ENTRYPOINT ["/otelcol-holter"]
