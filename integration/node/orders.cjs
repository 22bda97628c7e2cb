// An API as people write it: keys and JWTs are checked, orders are read, another company's API is called.
// Prints {"listening": port} once it can be called. What it may know is in the environment:
//   API_KEYS      keys that are let in, separated by commas
//   JWT_SECRET    what access tokens are signed with
//   UPSTREAM_URL  the other company's API; its key is the argument --upstream-key=…
const express = require('express');
const jwt = require('jsonwebtoken');
const http = require('node:http');
const { trace, SpanStatusCode } = require('@opentelemetry/api');

const keys = new Set((process.env.API_KEYS ?? '').split(',').filter(Boolean));
const secret = process.env.JWT_SECRET;
const upstream = process.env.UPSTREAM_URL;
const upstreamKey = process.argv.find((arg) => arg.startsWith('--upstream-key='))?.slice('--upstream-key='.length);

const cookieToken = (req) => /(?:^|; )access_token=([^;]+)/.exec(req.get('cookie') ?? '')?.[1];

function authenticate(req, res, next) {
  const [scheme, value] = (req.get('authorization') ?? '').split(' ');
  const bearer = scheme.toLowerCase() === 'bearer' ? value : cookieToken(req);
  req.credential = req.get('x-api-key') ?? req.query.api_key ?? bearer;
  if (keys.has(req.credential)) return next();
  try {
    jwt.verify(req.credential, secret);
    return next();
  } catch (error) {
    return res.status(401).json({ error: error.message });
  }
}

const app = express();
app.disable('x-powered-by');
app.set('trust proxy', 'loopback');
app.use(express.json());

// OAuth's client credentials; the token also leaks into a response header.
app.post('/oauth/token', (req, res) => {
  const [client] = Buffer.from((req.get('authorization') ?? '').split(' ')[1] ?? '', 'base64').toString().split(':');
  const token = jwt.sign({ client_id: client, jti: req.body.jti }, secret, {
    issuer: 'https://id.shop.test/', subject: client, audience: 'https://api.shop.test', expiresIn: req.body.expires_in ?? 3600,
  });
  res.set('x-new-token', token).json({ access_token: token });
});

app.get('/v1/orders', authenticate, (req, res) => res.json([]));
app.get('/v1/orders/:id', authenticate, (req, res) => res.json({ id: req.params.id }));
app.get('/v1/limited', authenticate, (req, res) => res.status(429).json({}));
app.get('/v1/old', authenticate, (req, res) => res.redirect(`/v1/orders?api_key=${encodeURIComponent(req.credential)}`));

// An error message that repeats the credential, as the ones of HTTP libraries do.
app.get('/v1/reports/:id', authenticate, (req, res) => {
  const error = new Error(`report of ${req.get('authorization') ?? req.credential} could not be made`);
  trace.getActiveSpan().recordException(error);
  trace.getActiveSpan().setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  res.status(500).json({});
});

// The other company takes its key in a header or in the query; both clients are common.
app.get('/v1/stock/:item', authenticate, async (req, res) => {
  await fetch(`${upstream}/stock/${req.params.item}`, { headers: { 'x-api-key': upstreamKey } });
  await new Promise((resolve, reject) => {
    http.get(`${upstream}/price/${req.params.item}?api_key=${encodeURIComponent(upstreamKey)}`, (answer) => {
      answer.resume().on('end', resolve);
    }).on('error', reject);
  });
  res.json({});
});

const server = app.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ listening: server.address().port })));
