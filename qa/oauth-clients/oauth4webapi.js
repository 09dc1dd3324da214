// oauth4webapi: every flow, confidential and public, with and without DPoP.

import { strict as assert } from 'node:assert'
import * as oauth from 'oauth4webapi'
import { browse, key, step, world } from './world.js'

const NAME = 'oauth4webapi'
const http = { [oauth.allowInsecureRequests]: true }

const issuer = new URL(world.issuer)
for (const algorithm of ['oidc', 'oauth2']) {
  const answer = await oauth.discoveryRequest(issuer, { algorithm, ...http })
  const found = await oauth.processDiscoveryResponse(issuer, answer)
  assert.equal(found.issuer, world.issuer)
}
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http))
step(NAME, 'discovery')

// A backend that speaks for itself.
{
  const client = { client_id: world.backend.clientId }
  const auth = oauth.PrivateKeyJwt(await key(world.backend.jwk))
  const parameters = { scope: world.backend.scope, resource: world.backend.resource }
  const answer = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, http)
  const token = await oauth.processClientCredentialsResponse(as, client, answer)
  assert.equal(token.token_type, 'bearer')
  const active = await oauth.processIntrospectionResponse(as, client,
    await oauth.introspectionRequest(as, client, auth, token.access_token, http))
  assert.equal(active.active, true)
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token.access_token, http))
  const dead = await oauth.processIntrospectionResponse(as, client,
    await oauth.introspectionRequest(as, client, auth, token.access_token, http))
  assert.equal(dead.active, false)
  step(NAME, 'client_credentials with private_key_jwt, introspection, revocation')
}

// The portal: a pushed request, a code, an ID token.
await people('code + PKCE with a pushed request', {
  client: { client_id: world.portal.clientId },
  auth: oauth.PrivateKeyJwt(await key(world.portal.jwk)),
  redirectUri: world.portal.redirectUri,
  push: true,
})

// An app without a key of its own, whose tokens are bound to one that it makes.
{
  const keys = await oauth.generateKeyPair('ES256')
  const client = { client_id: world.app.clientId }
  await people('code + PKCE of a public client with DPoP', {
    client,
    auth: oauth.None(),
    redirectUri: world.portal.redirectUri,
    DPoP: oauth.DPoP(client, keys),
  })
}

async function people(what, { client, auth, redirectUri, push, DPoP }) {
  const options = DPoP ? { DPoP, ...http } : http
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const nonce = oauth.generateRandomNonce()
  const parameters = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: world.portal.scope,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })
  const url = new URL(as.authorization_endpoint)
  if (push) {
    const answer = await oauth.pushedAuthorizationRequest(as, client, auth, parameters, options)
    const pushed = await oauth.processPushedAuthorizationResponse(as, client, answer)
    url.searchParams.set('client_id', client.client_id)
    url.searchParams.set('request_uri', pushed.request_uri)
  } else {
    url.search = parameters.toString()
  }
  // `iss` of the answer is checked here (RFC 9207).
  const callback = oauth.validateAuthResponse(as, client, await browse(url), state)
  const answer = await oauth.authorizationCodeGrantRequest(as, client, auth, callback, redirectUri, verifier, options)
  const token = await oauth.processAuthorizationCodeResponse(as, client, answer, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  assert.equal(token.token_type, DPoP ? 'dpop' : 'bearer')
  await oauth.validateApplicationLevelSignature(as, answer, http)
  const { sub } = oauth.getValidatedIdTokenClaims(token)

  const info = await oauth.processUserInfoResponse(as, client, sub,
    await oauth.userInfoRequest(as, client, token.access_token, options))
  assert.equal(info.fhirUser, world.person.fhirUser)

  const renewed = await oauth.processRefreshTokenResponse(as, client,
    await oauth.refreshTokenGrantRequest(as, client, auth, token.refresh_token, options))
  assert.notEqual(renewed.refresh_token, token.refresh_token)

  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, renewed.refresh_token, http))
  const again = await oauth.refreshTokenGrantRequest(as, client, auth, renewed.refresh_token, options)
  await assert.rejects(oauth.processRefreshTokenResponse(as, client, again), { error: 'invalid_grant' })
  step(NAME, `${what}, userinfo, refresh, revocation`)
}
