// Package otlpsend turns simulated requests into the spans that instrumented servers would send, and sends them as OTLP.
package otlpsend
