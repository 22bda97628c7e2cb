// Receives webhooks and checks them with the official Standard Webhooks library, with the secret in WEBHOOK_SECRET.
// Prints {"listening": port}, then a line of JSON for each request: when it arrived (unix milliseconds), its id, whether its
// signature holds, and its body. Listens on PORT if that is set.
const http = require('node:http');
const { Webhook } = require('standardwebhooks');

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const now = () => performance.timeOrigin + performance.now();

const server = http.createServer((req, res) => {
  const arrived = now();
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const event = { arrived, id: req.headers['webhook-id'], verified: true, body };
    try {
      webhook.verify(body, req.headers);
    } catch (error) {
      event.verified = false;
      event.error = error.message;
    }
    console.log(JSON.stringify(event));
    res.writeHead(event.verified ? 204 : 401).end();
  });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log(JSON.stringify({ listening: server.address().port })));
