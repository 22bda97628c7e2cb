// How an app shows its credential to Holter. Most instrumentation captures request headers only when it is told to.
import { html, useState } from '../lib/html.js';
import { CopyButton } from './copy.js';

const headers = 'authorization,x-api-key,user-agent';

export const snippets = (otlp) => {
  const http = (otlp && otlp.http) || 'http://127.0.0.1:4318', grpc = (otlp && otlp.grpc) || '127.0.0.1:4317';
  const env = (name) => `export OTEL_EXPORTER_OTLP_ENDPOINT=${http} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_SERVICE_NAME=${name}`;
  return [
    { key: 'node', title: 'Node', note: 'The environment variable is ignored in Node: headers have to be named in code.', language: 'js', text: `// npm install @opentelemetry/sdk-node @opentelemetry/instrumentation-http @opentelemetry/instrumentation-express
// tracing.cjs: node --require ./tracing.cjs app.js
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');

new NodeSDK({
  instrumentations: [
    new HttpInstrumentation({
      headersToSpanAttributes: { server: { requestHeaders: ['authorization', 'x-api-key', 'user-agent', 'x-forwarded-for'] } },
    }),
    new ExpressInstrumentation(),
  ],
}).start();`, run: `${env('orders')}
node --require ./tracing.cjs app.js` },
    { key: 'python', title: 'Python', note: '', language: 'sh', text: `pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-bootstrap -a install`, run: `${env('orders')}
export OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST=${headers}
opentelemetry-instrument python app.py` },
    { key: 'java', title: 'Java', note: '', language: 'sh', text: '', run: `${env('orders')}
export OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS=${headers}
java -javaagent:opentelemetry-javaagent.jar -jar app.jar` },
    { key: 'go', title: 'Go', note: 'otelhttp captures no headers: a middleware inside it adds them to the span.', language: 'go', text: `func withCredential(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		span := trace.SpanFromContext(r.Context())
		for _, name := range []string{"authorization", "x-api-key"} {
			if values := r.Header.Values(name); len(values) > 0 {
				span.SetAttributes(attribute.StringSlice("http.request.header."+name, values))
			}
		}
		next.ServeHTTP(w, r)
	})
}

// http.ListenAndServe(":8080", otelhttp.NewHandler(withCredential(mux), "server"))`, run: `${env('orders')}
go run .` },
    { key: 'gateway', title: 'Gateway', note: 'Access logs do as well as spans: any Collector sends them on, such as the file of nginx.', language: 'yaml', text: `# nginx: log_format holter escape=json '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method","uri":"$uri",
#   "status":"$status","authorization":"$http_authorization","x_api_key":"$http_x_api_key","user_agent":"$http_user_agent"}';
receivers:
  filelog:
    include: [/var/log/nginx/holter.log]
    operators: [{type: json_parser, timestamp: {parse_from: attributes.time, layout_type: gotime, layout: "2006-01-02T15:04:05Z07:00"}}]
exporters:
  otlp/holter: {endpoint: "${grpc}", tls: {insecure: true}}
service:
  pipelines:
    logs: {receivers: [filelog], exporters: [otlp/holter]}`, run: '' },
    { key: 'curl', title: 'Only curl', note: 'One request of a made-up key, to see that it arrives.', language: 'sh', text: '', run: `now=$(date +%s)
curl -sS ${http}/v1/traces -H 'Content-Type: application/json' -d '{"resourceSpans": [{
  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "orders"}}]},
  "scopeSpans": [{"spans": [{
    "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "GET /v1/orders", "kind": 2,
    "startTimeUnixNano": "'$((now - 1))'000000000", "endTimeUnixNano": "'$now'000000000",
    "attributes": [
      {"key": "http.request.method", "value": {"stringValue": "GET"}},
      {"key": "http.route", "value": {"stringValue": "/v1/orders"}},
      {"key": "http.response.status_code", "value": {"intValue": "200"}},
      {"key": "client.address", "value": {"stringValue": "81.2.69.160"}},
      {"key": "http.request.header.x-api-key", "value": {"arrayValue": {"values": [{"stringValue": "acme_live_4f9d2c7be1a8460395d07a3e"}]}}}
    ]}]}]}]}'` },
  ];
};

export const Code = ({ text, what }) => html`<div class="code"><pre tabindex="0" role="region" aria-label=${what}>${text}</pre><${CopyButton} text=${text + '\n'} label="copy" what=${what} /></div>`;

export function Snippets({ otlp }) {
  const all = snippets(otlp), [key, set] = useState('node'), one = all.find((s) => s.key === key);
  return html`<div class="snippets"><div class="kinds" role="group" aria-label="Where your app runs">${all.map((s) => html`<button type="button" key=${s.key} aria-pressed=${s.key === key ? 'true' : 'false'} onClick=${() => set(s.key)}>${s.title}</button>`)}</div>
    ${one.note ? html`<p class="soft">${one.note}</p>` : ''}
    ${one.text ? html`<${Code} text=${one.text} what=${one.title + ': code'} />` : ''}${one.run ? html`<${Code} text=${one.run} what=${one.title + ': run'} />` : ''}</div>`;
}
