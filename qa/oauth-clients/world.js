// What the test says of the service and of who calls it, and a browser in which a person is signed in.

import { readFileSync } from 'node:fs'
import { strict as assert } from 'node:assert'

export const world = JSON.parse(readFileSync(process.argv[2], 'utf8'))

/** A registered private key as Web Crypto wants it, with the name under which its public half is registered. */
export async function key(jwk) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  return { key: await crypto.subtle.importKey('jwk', { ...jwk, key_ops: ['sign'] }, algorithm, false, ['sign']), kid: jwk.kid }
}

/** Follows an authorization request to where the browser is sent, as the signed-in person. */
export async function browse(url) {
  const response = await fetch(url, { headers: { cookie: world.cookie }, redirect: 'manual' })
  assert.equal(response.status, 303, await response.text())
  const location = response.headers.get('location')
  assert.ok(location.startsWith(world.portal.redirectUri), `not back to the app: ${location}`)
  return new URL(location)
}

export function step(client, what) {
  console.log(`${client}: ${what}`)
}
