// Receives Security Event Tokens (RFC 8935) and checks them with jose, by the keys at JWKS. Prints {"listening": port}, then a line of JSON
// for each request: whether the token holds, its header and its claims.
import { createServer } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const keys = createRemoteJWKSet(new URL(process.env.JWKS))

const server = createServer(async (req, res) => {
  let body = ''
  for await (const chunk of req) body += chunk
  try {
    if (req.headers['content-type'] !== 'application/secevent+jwt') throw new Error(`content-type ${req.headers['content-type']}`)
    const { payload, protectedHeader } = await jwtVerify(body, keys, {
      issuer: 'https://holter.example.com', audience: 'https://rp.example.com', typ: 'secevent+jwt', requiredClaims: ['iat', 'jti', 'events', 'sub_id'],
    })
    if ('sub' in payload || 'exp' in payload) throw new Error('a SET has neither sub nor exp')
    if (Object.keys(payload.events).length !== 1) throw new Error('one event a SET')
    console.log(JSON.stringify({ verified: true, header: protectedHeader, payload }))
    res.writeHead(202).end()
  } catch (error) {
    console.log(JSON.stringify({ verified: false, error: error.message }))
    res.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ err: 'invalid_key', description: error.message }))
  }
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ listening: server.address().port })))
