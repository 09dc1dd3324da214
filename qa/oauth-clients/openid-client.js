// openid-client: an OpenID Connect relying party, from discovery to logout.

import { strict as assert } from 'node:assert'
import * as client from 'openid-client'
import { browse, key, step, world } from './world.js'

const NAME = 'openid-client'
const execute = [client.allowInsecureRequests]
const issuer = new URL(world.issuer)

{
  const auth = client.PrivateKeyJwt(await key(world.backend.jwk))
  const config = await client.discovery(issuer, world.backend.clientId, undefined, auth, { execute })
  step(NAME, 'discovery')
  const token = await client.clientCredentialsGrant(config, {
    scope: world.backend.scope,
    resource: world.backend.resource,
  })
  const said = await client.tokenIntrospection(config, token.access_token)
  assert.equal(said.active, true)
  await client.tokenRevocation(config, token.access_token)
  assert.equal((await client.tokenIntrospection(config, token.access_token)).active, false)
  step(NAME, 'client_credentials with private_key_jwt, introspection, revocation')
}

{
  const auth = client.PrivateKeyJwt(await key(world.portal.jwk))
  const config = await client.discovery(issuer, world.portal.clientId, undefined, auth, { execute })
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const expectedNonce = client.randomNonce()
  const url = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: world.portal.redirectUri,
    scope: world.portal.scope,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    max_age: '3600',
  })
  const token = await client.authorizationCodeGrant(config, await browse(url), {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
    maxAge: 3600,
    idTokenExpected: true,
  })
  const { sub } = token.claims()
  const info = await client.fetchUserInfo(config, token.access_token, sub)
  assert.equal(info.fhirUser, world.person.fhirUser)
  step(NAME, 'code + PKCE with a pushed request, userinfo')

  const renewed = await client.refreshTokenGrant(config, token.refresh_token)
  await client.tokenRevocation(config, renewed.refresh_token)
  await assert.rejects(client.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' })
  step(NAME, 'refresh, revocation')

  const logout = client.buildEndSessionUrl(config, {
    post_logout_redirect_uri: world.portal.postLogoutRedirectUri,
    id_token_hint: token.id_token,
    state: expectedState,
  })
  const answer = await fetch(logout, { redirect: 'manual' })
  assert.equal(answer.headers.get('location'), `${world.portal.postLogoutRedirectUri}?state=${expectedState}`)
  step(NAME, 'logout')
}
