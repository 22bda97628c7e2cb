import { html } from '../lib/html.js';
import { PlayDemo } from '../ui/demo.js';
import { Snippets } from '../ui/snippets.js';

export const title = () => 'Welcome';

// Nothing has arrived yet: what to do next.
export function View({ status, done }) {
  const otlp = (status && status.otlp) || {};
  return html`<div class="welcome"><h1>No token has been seen yet</h1>
    <svg class="flat" viewBox="0 0 640 48" preserveAspectRatio="none" aria-hidden="true"><path d="M0 34H250l6-5 6 5h14l5 6 9-36 9 42 5-12h14l7-6 7 6H640" /></svg>
    <p class="lead">Holter listens for OpenTelemetry at <code>${otlp.http || 'http://127.0.0.1:4318'}</code> and <code>${otlp.grpc || '127.0.0.1:4317'}</code> (gRPC). This page changes as soon as the first request with a credential arrives.</p>
    <ol class="ways"><li><h2>Look at the demo</h2><${PlayDemo} done=${done} /></li>
    <li><h2>Point an app at it</h2><p class="soft">What Holter needs on a server span is the header that carries the credential. The secret itself is erased before anything is stored.</p><${Snippets} otlp=${otlp} /></li></ol></div>`;
}
