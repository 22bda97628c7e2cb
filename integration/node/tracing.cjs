// Loaded before the app: node --require ./tracing.cjs app.cjs. Endpoint and names come from the usual OTEL_… variables.
// Node ignores OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST: headers are captured by these options.
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');

const requestHeaders = ['authorization', 'x-api-key', 'cookie', 'referer', 'x-forwarded-for'];
const responseHeaders = ['location', 'set-cookie', 'x-new-token'];

const sdk = new NodeSDK({
  traceExporter: new OTLPTraceExporter(),
  instrumentations: [
    new HttpInstrumentation({
      headersToSpanAttributes: {
        server: { requestHeaders, responseHeaders },
        client: { requestHeaders, responseHeaders },
      },
    }),
    new UndiciInstrumentation({ headersToSpanAttributes: { requestHeaders, responseHeaders } }),
    new ExpressInstrumentation(),
  ],
});
sdk.start();

process.once('SIGTERM', () => sdk.shutdown().finally(() => process.exit(0)));
