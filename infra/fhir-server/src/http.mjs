// The HTTP side: health, CapabilityStatement, read, search, create, update. Requests are not logged: their paths and
// queries name patients.
import { createServer } from 'node:http';
import { badRequest, getStatus, notFound } from '@medplum/core';
import { FhirRouter } from '@medplum/fhir-router';
import { capabilityStatement } from './capabilities.mjs';
import { resourceTypes } from './definitions.mjs';
import { faults } from './load.mjs';
import { BadQuery, checkQuery } from './query.mjs';

export const BASE_PATH = '/fhir/R4';
const FHIR_JSON = 'application/fhir+json; charset=utf-8';
const ID = /^[A-Za-z0-9.-]{1,64}$/;

/** An answer that ends the handling of a request. */
class Refusal extends Error {
  constructor(status, code, text, headers = {}) {
    super(text);
    Object.assign(this, { status, code, headers });
  }
}

/** Makes the server. `state.ready` says whether the data is loaded; `origin()` is the server's own address. */
export function makeServer({ repository, state, origin, maxBody }) {
  const fhir = { router: new FhirRouter(), repository, maxBody, base: () => origin() + BASE_PATH };
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 75_000 }, (req, res) => {
    answer(req, state, fhir)
      .catch((error) => failure(error))
      .then(({ status, body, headers }) => send(res, status, body, headers));
  });
  return server;
}

async function answer(req, state, fhir) {
  const url = new URL(req.url, 'http://localhost');
  if (url.pathname === '/health/live') return { status: 200, body: { status: 'live' } };
  if (url.pathname === '/health/ready') {
    return state.ready
      ? { status: 200, body: { status: 'ready', resources: fhir.repository.size } }
      : { status: 503, body: { status: 'unready', checks: { data: 'loading' } } };
  }
  if (!url.pathname.startsWith(`${BASE_PATH}/`)) throw new Refusal(404, 'not-found', 'no such route');
  if (!state.ready) throw new Refusal(503, 'transient', 'the data is still being loaded');
  const [type, id, ...rest] = url.pathname.slice(BASE_PATH.length + 1).split('/');
  if (rest.length > 0) throw new Refusal(404, 'not-found', 'no such route');
  if (type === 'metadata' && id === undefined) {
    allow(req, 'GET');
    return { status: 200, body: capabilityStatement() };
  }
  if (!resourceTypes.has(type)) throw new Refusal(404, 'not-supported', 'no such resource type');
  if (id === undefined) {
    allow(req, 'GET', 'POST');
    return req.method === 'GET' ? search(fhir, type, url.searchParams) : create(fhir, req, type);
  }
  if (id === '_search') {
    allow(req, 'POST');
    const form = new URLSearchParams(await text(req, fhir, 'application/x-www-form-urlencoded'));
    return search(fhir, type, new URLSearchParams([...url.searchParams, ...form]));
  }
  if (!ID.test(id)) throw new Refusal(404, 'not-found', 'no such route');
  allow(req, 'GET', 'PUT');
  if (req.method === 'PUT') return update(fhir, req, type, id);
  return route(fhir, 'GET', `${type}/${id}`);
}

function allow(req, ...methods) {
  if (!methods.includes(req.method)) {
    throw new Refusal(405, 'not-supported', 'method not allowed', { allow: methods.join(', ') });
  }
}

async function route(fhir, method, url, body) {
  const request = { method, url, pathname: '', body, params: {}, query: {} };
  const [outcome, resource] = await fhir.router.handleRequest(request, fhir.repository);
  if (!resource) return { status: getStatus(outcome), body: outcome };
  return { status: getStatus(outcome), body: resource, headers: versionHeaders(resource) };
}

async function search(fhir, type, given) {
  const { params, count, offset } = checkQuery(type, given, fhir.base());
  const found = await route(fhir, 'GET', `${type}?${params}`);
  if (found.status !== 200) return found;
  const bundle = found.body;
  const link = (relation, from) => {
    const query = new URLSearchParams(given);
    if (relation !== 'self') {
      query.set('_offset', from);
      query.set('_count', count);
    }
    const search = query.toString();
    return { relation, url: `${fhir.base()}/${type}${search && `?${search}`}` };
  };
  bundle.link = [link('self')];
  if (count > 0 && offset + count < bundle.total) bundle.link.push(link('next', offset + count));
  for (const entry of bundle.entry ?? []) {
    entry.fullUrl = `${fhir.base()}/${type}/${entry.resource.id}`;
    entry.search = { mode: 'match' };
  }
  return { status: 200, body: bundle };
}

async function create(fhir, req, type) {
  const resource = await resourceOf(fhir, req, type);
  delete resource.id; // the server gives it
  return created(fhir, type, await route(fhir, 'POST', type, resource));
}

async function update(fhir, req, type, id) {
  const resource = await resourceOf(fhir, req, type);
  const known = fhir.repository.has(type, id);
  const result = await route(fhir, 'PUT', `${type}/${id}`, resource);
  return known || result.status !== 200 ? result : created(fhir, type, { ...result, status: 201 });
}

function created(fhir, type, result) {
  if (result.status !== 201) return result;
  const { id, meta } = result.body;
  const location = `${fhir.base()}/${type}/${id}/_history/${meta.versionId}`;
  return { ...result, headers: { ...result.headers, location } };
}

async function resourceOf(fhir, req, type) {
  const body = await text(req, fhir, 'application/fhir+json', 'application/json');
  let resource;
  try {
    resource = JSON.parse(body);
  } catch {
    throw new Refusal(400, 'structure', 'the body is not valid JSON');
  }
  if (resource?.resourceType !== type) throw new Refusal(400, 'invalid', `the body is not of type ${type}`);
  const reason = faults(resource);
  if (reason) throw new Refusal(422, 'invalid', reason);
  return resource;
}

async function text(req, fhir, ...types) {
  const type = (req.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
  if (!types.includes(type)) throw new Refusal(415, 'not-supported', `expected ${types.join(' or ')}`);
  const tooLarge = () => new Refusal(413, 'too-long', 'the body is too large', { connection: 'close' });
  if (Number(req.headers['content-length'] ?? 0) > fhir.maxBody) throw tooLarge();
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > fhir.maxBody) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function versionHeaders(resource) {
  const { versionId, lastUpdated } = resource.meta ?? {};
  return {
    ...(versionId && { etag: `W/"${versionId}"` }),
    ...(lastUpdated && { 'last-modified': new Date(lastUpdated).toUTCString() }),
  };
}

function failure(error) {
  if (error instanceof Refusal) return { status: error.status, body: outcome(error.code, error.message), headers: error.headers };
  if (error instanceof BadQuery) return { status: 400, body: badRequest(error.message) };
  if (error.code === 'ERR_INVALID_URL') return { status: 404, body: notFound };
  // Where it happened, and not the message: that may quote a request.
  console.error(`fhir-server: ${error.name} ${error.stack?.split('\n').find((line) => line.trim().startsWith('at '))?.trim() ?? ''}`);
  return { status: 500, body: outcome('exception', 'internal error') };
}

function outcome(code, text) {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, details: { text } }] };
}

function send(res, status, body, headers = {}) {
  if (res.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  const type = body.resourceType ? FHIR_JSON : 'application/json';
  res.writeHead(status, { 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store', ...headers });
  res.end(bytes);
}
