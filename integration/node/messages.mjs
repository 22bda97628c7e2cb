// Receives messages and holds each against the published software of whoever reads it: signatures against standardwebhooks and
// svix, events against the SDK of CloudEvents, cards against that of Adaptive Cards, messages to Slack and PagerDuty against the
// types that Slack and PagerDuty publish. Prints {"listening": port}, then a line of JSON for each request: its path, and what is
// wrong with it.
import http from 'node:http';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { HTTP } from 'cloudevents';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';
import ts from 'typescript';

const require = createRequire(import.meta.url);
const adaptive = require('adaptivecards/dist/adaptivecards.js');
const secret = process.env.WEBHOOK_SECRET;

const parsed = new Map(); // what the compiler has read, by file

/** The faults that the TypeScript compiler finds in a value of a type. A literal may have no property that its type has not. */
function typed(imports, type, value) {
  const name = `${import.meta.dirname}/checked.ts`;
  const source = `${imports}\nexport const value: ${type} = ${JSON.stringify(value)};\n`;
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === name || fileExists(file);
  host.getSourceFile = (file, ...rest) => {
    if (file === name) return ts.createSourceFile(file, source, ts.ScriptTarget.ES2022);
    if (!parsed.has(file)) parsed.set(file, getSourceFile(file, ...rest));
    return parsed.get(file);
  };
  return ts.getPreEmitDiagnostics(ts.createProgram([name], options, host)).map((d) => ts.flattenDiagnosticMessageText(d.messageText, ' '));
}

function throws(check) {
  try {
    check();
    return [];
  } catch (error) {
    return [String(error.message ?? error)];
  }
}

function card(message) {
  const faults = [];
  const [attachment, ...more] = message.attachments;
  if (message.type !== 'message' || more.length || attachment.contentType !== 'application/vnd.microsoft.card.adaptive') faults.push('envelope');
  const context = new adaptive.SerializationContext(adaptive.Versions.v1_2);
  const parsed = new adaptive.AdaptiveCard();
  parsed.parse(attachment.content, context);
  for (let i = 0; i < context.eventCount; i++) faults.push(context.getEventAt(i).message);
  for (const event of parsed.validateProperties().validationEvents) faults.push(event.message);
  const { $schema: _, ...content } = attachment.content;
  const { $schema: __, ...back } = parsed.toJSON();
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(back)), content)) faults.push('the SDK reads another card');
  return faults;
}

const checks = {
  '/webhook': {
    faults: (headers, body) => [
      ...throws(() => new StandardWebhook(secret).verify(body, headers)),
      ...throws(() => new Svix(secret).verify(body, headers)),
      ...(throws(() => new Svix(secret).verify(`${body} `, headers)).length ? [] : ['a changed body is taken as well']),
    ],
    status: 204,
  },
  '/cloudevents': {
    faults: (headers, body) => [
      ...throws(() => HTTP.toEvent({ headers, body }).validate()),
      ...throws(() => {
        const event = HTTP.toEvent({ headers, body });
        if (!event.type.startsWith('io.github.holterhq.api_token.') || !event.data.token.id) throw new Error(`the SDK reads ${event}`);
      }),
      ...(headers['webhook-signature'] ? throws(() => new StandardWebhook(secret).verify(body, headers)) : []),
    ],
    status: 204,
  },
  '/slack': {
    faults: (_, body) => {
      const { text, blocks, unfurl_links, unfurl_media, channel, ...more } = JSON.parse(body);
      return [
        ...typed("import type { KnownBlock } from '@slack/types';", 'KnownBlock[]', blocks),
        ...(text && Object.keys(more).length === 0 ? [] : [`other keys: ${Object.keys(more)}`]),
      ];
    },
    status: 200,
    answer: 'ok',
  },
  '/teams': { faults: (_, body) => card(JSON.parse(body)), status: 202 },
  '/pagerduty': {
    // The types lag behind the API: client and client_url are missing in them, and acknowledge and resolve need no payload.
    faults: (_, body) => typed(
      "import type { EventPayloadV2 } from '@pagerduty/pdjs/build/src/events';",
      "Omit<EventPayloadV2, 'payload'> & { payload?: EventPayloadV2['payload']; client?: string; client_url?: string }", JSON.parse(body),
    ),
    status: 202,
    answer: '{"status":"success","message":"Event processed"}',
  },
};

const server = http.createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const path = req.url.replace(/\/(structured|binary)$/, '');
    let faults = [];
    try {
      faults = checks[path].faults(req.headers, body);
    } catch (error) {
      faults = [String(error.stack)];
    }
    console.log(JSON.stringify({ path: req.url, faults, body }));
    res.writeHead(checks[path]?.status ?? 404).end(checks[path]?.answer);
  });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log(JSON.stringify({ listening: server.address().port })));
