// The gateway in front of orders.cjs, instrumented as well: a request through it yields two SERVER spans with the same token.
// Prints {"listening": port}. ORDERS_URL is where requests go.
const express = require('express');

const app = express();
app.set('trust proxy', 'loopback');

app.use(async (req, res) => {
  const headers = { 'x-forwarded-for': [req.get('x-forwarded-for'), '127.0.0.1'].filter(Boolean).join(', ') };
  for (const name of ['authorization', 'x-api-key', 'user-agent', 'cookie']) {
    if (req.get(name)) headers[name] = req.get(name);
  }
  const answer = await fetch(process.env.ORDERS_URL + req.originalUrl, { headers, redirect: 'manual' });
  res.status(answer.status).type('json').send(await answer.text());
});

const server = app.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ listening: server.address().port })));
