// An OpenID provider (oidc-provider, certified): client credentials for opaque tokens, and for JWTs where a resource is named;
// introspection, revocation.
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const secret = process.env.CLIENT_SECRET
const machine = (client_id) => ({
  client_id, client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
})

const server = createServer()
server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => {
  const { port } = server.address()
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [machine('billing'), machine('holter')],
    scopes: ['orders:read', 'orders:write'],
    ttl: { ClientCredentials: 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_ctx, client) => client.clientId === 'holter' },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'orders:read', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
      },
    },
  })
  server.on('request', provider.callback())
  console.log(JSON.stringify({ listening: port }))
})
