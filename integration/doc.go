// Package integration holds tests of the built binary: a real collector process between real clients (an Express app
// under the OpenTelemetry Node SDK, OTLP over gRPC and HTTP) and real servers (a webhook receiver that checks signatures
// with the official library, a Prometheus that scrapes, a PostgreSQL that holds owners).
//
// `make build` builds what they start, setup.sh installs what they talk to; HOLTER_BIN and HOLTER_COMPANION name other
// binaries than those under build/. HOLTER_PROVE=1 runs the proofs at full scale, else they run at a twentieth.
//
// The fixtures in testdata/captures are recorded by `go test ./integration -run Captures -record`; HOLTER_CAPTURES names a
// folder of other captures to replay and hunt through.
//
// Every test has ports, a data folder and processes of its own, and waits for what it needs to see: no test sleeps.
package integration
