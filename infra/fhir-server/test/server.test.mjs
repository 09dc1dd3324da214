// Starts the real server on a free port and asks it over HTTP.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

const folder = mkdtempSync(join(tmpdir(), 'fhir-server-'));
const running = [];
let base;
let server;

const observation = (id, patient, category, code, date) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: category }] }],
  code: { coding: [{ system: 'http://loinc.org', code }] },
  ...(patient && { subject: { reference: `Patient/${patient}` } }),
  effectiveDateTime: date,
});
const resources = [
  { resourceType: 'Patient', id: 'a' },
  { resourceType: 'Patient', id: 'b' },
  observation('o1', 'a', 'laboratory', '718-7', '2024-01-01T08:00:00Z'),
  observation('o2', 'a', 'vital-signs', '8867-4', '2024-02-01T08:00:00+02:00'),
  observation('o3', 'a', 'vital-signs', '8867-4', '2024-03-01T08:00:00Z'),
  observation('o4', 'b', 'laboratory', '718-7', '2024-01-01T08:00:00Z'),
  observation('o5', undefined, 'laboratory', '718-7', '2024-01-01T08:00:00Z'),
];

before(async () => {
  const data = file('data.ndjson.gz', gzipSync(ndjson(resources)));
  ({ base, server } = await start('--data', data, '--max-body', '10000'));
});

after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function ndjson(items) {
  return items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join('\n') + '\n';
}

function file(name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function run(...args) {
  return node('server.mjs', ...args);
}

function node(script, ...args) {
  const child = spawn(process.execPath, [new URL(`../${script}`, import.meta.url).pathname, ...args]);
  running.push(child);
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      child.output += text;
      child.emit('output');
    });
  }
  child.ended = once(child, 'close').then(([code]) => code);
  return child;
}

async function start(...args) {
  const child = run('--port', '0', ...args);
  for (;;) {
    const ready = /ready on (\S+)/.exec(child.output);
    if (ready) return { base: ready[1], server: child };
    const ended = await Promise.race([once(child, 'output').then(() => false), child.ended.then(() => true)]);
    assert.ok(!ended, child.output);
  }
}

async function get(path) {
  const response = await fetch(`${base}/${path}`);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function ids(path) {
  const { status, body } = await get(path);
  assert.equal(status, 200, JSON.stringify(body));
  return (body.entry ?? []).map((entry) => entry.resource.id).sort();
}

function put(type, body) {
  return fetch(`${base}/${type}`, {
    method: type.includes('/') ? 'PUT' : 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

test('a search for a patient finds this patient’s resources only', async () => {
  for (const who of ['patient=a', 'patient=Patient/a', 'subject=a', 'subject=Patient/a', `patient=${base}/Patient/a`]) {
    assert.deepEqual(await ids(`Observation?${who}&_count=1000`), ['o1', 'o2', 'o3'], who);
  }
  assert.deepEqual(await ids('Observation?patient=a,b'), ['o1', 'o2', 'o3', 'o4']);
  assert.deepEqual(await ids('Observation?patient=nobody'), []);
  assert.deepEqual(await ids('Observation?patient:not=a'), ['o4', 'o5']);
  assert.deepEqual(await ids('Observation?subject:missing=true'), ['o5']);
});

test('a search narrows by category, code, id and date', async () => {
  assert.deepEqual(await ids('Observation?patient=a&category=laboratory'), ['o1']);
  assert.deepEqual(await ids('Observation?patient=a&category=laboratory,vital-signs'), ['o1', 'o2', 'o3']);
  assert.deepEqual(await ids('Observation?patient=a&code=http://loinc.org%7C8867-4'), ['o2', 'o3']);
  assert.deepEqual(await ids('Observation?_id=o1,o4'), ['o1', 'o4']);
  assert.deepEqual(await ids('Observation?patient=a&date=ge2024-02-01&date=lt2024-03-01'), ['o2']);
  assert.deepEqual(await ids('Observation?patient=a&date=2024-03-01'), ['o3']);
});

test('a long answer comes in pages that lead through all of it', async () => {
  const seen = [];
  let url = `${base}/Observation?patient=a&_count=2&_sort=-date`;
  while (url) {
    const bundle = await (await fetch(url)).json();
    assert.equal(bundle.total, 3);
    seen.push(...bundle.entry.map((entry) => entry.resource.id));
    url = bundle.link.find((link) => link.relation === 'next')?.url;
  }
  assert.deepEqual(seen, ['o3', 'o2', 'o1']);
});

test('what a search does not understand is refused, not ignored', async () => {
  const queries = ['foo=1', '_include=Observation:subject', 'subject.name=x', '_has:A:b:c=1', 'value-quantity=5', 'patient=',
    'patient:Patient=a', 'date=2024-13-45', 'date=yesterday', '_count=-1', '_sort=code', '_elements=id', '_format=xml', '_compartment=a'];
  for (const query of queries) {
    const { status, body } = await get(`Observation?${query}`);
    assert.equal(status, 400, query);
    assert.equal(body.resourceType, 'OperationOutcome', query);
  }
});

test('unknown routes, types and methods are refused', async () => {
  for (const path of ['Nope', 'Observation/none', 'Patient/a/Observation', 'Patient/$everything', '$graphql']) {
    assert.equal((await get(path)).status, 404, path);
  }
  for (const method of ['DELETE', 'PATCH']) {
    assert.equal((await fetch(`${base}/Patient/a`, { method })).status, 405, method);
  }
});

test('a created or updated resource is found, under its new owner only', async () => {
  const made = await put('Observation', observation('ignored', 'c', 'laboratory', '718-7', '2024-01-01'));
  assert.equal(made.status, 201);
  const { id } = await made.json();
  assert.notEqual(id, 'ignored');
  assert.deepEqual(await ids('Observation?patient=c'), [id]);
  const moved = await put(`Observation/${id}`, observation(id, 'd', 'laboratory', '718-7', '2024-01-01'));
  assert.equal(moved.status, 200);
  assert.deepEqual(await ids('Observation?patient=c'), []);
  assert.deepEqual(await ids('Observation?patient=d'), [id]);
  assert.equal((await put('Patient/new', { resourceType: 'Patient', id: 'new' })).status, 201);
  assert.equal((await get('Patient/new')).body.id, 'new');
});

test('a bad body is refused with a reason and without a stack trace', async () => {
  const cases = [
    [400, 'Observation', '{'],
    [400, 'Observation', { resourceType: 'Patient' }],
    [422, 'Observation', { resourceType: 'Observation' }],
    [422, 'Patient', { resourceType: 'Patient', unheardOf: 1 }],
    [400, 'Patient/x', { resourceType: 'Patient', id: 'y' }],
    [413, 'Patient', { resourceType: 'Patient', id: 'x'.repeat(20_000) }],
  ];
  for (const [status, type, body] of cases) {
    const response = await put(type, body);
    const text = await response.text();
    assert.equal(response.status, status, text);
    assert.equal(JSON.parse(text).resourceType, 'OperationOutcome');
    assert.doesNotMatch(text, /\bat .*\.mjs/);
  }
  const response = await fetch(`${base}/Patient`, { method: 'POST', body: '{}' });
  assert.equal(response.status, 415);
});

test('health and metadata answer', async () => {
  const origin = new URL(base).origin;
  assert.equal((await fetch(`${origin}/health/live`)).status, 200);
  assert.equal((await fetch(`${origin}/health/ready`)).status, 200);
  const { body } = await get('metadata');
  assert.equal(body.fhirVersion, '4.0.1');
  const types = body.rest[0].resource;
  assert.ok(types.find((r) => r.type === 'Observation').searchParam.some((p) => p.name === 'patient'));
});

test('rejected resources are named and stop the start, unless lenient', async () => {
  const data = file('bad.ndjson', ndjson([resources[0], '{broken', { resourceType: 'Observation', id: 'x' }, resources[0]]));
  const strict = run('--port', '0', '--data', data);
  assert.equal(await strict.ended, 1);
  for (const line of [2, 3, 4]) assert.match(strict.output, new RegExp(`bad\\.ndjson:${line}: `));
  const lenient = await start('--data', data, '--lenient');
  assert.match(lenient.server.output, /with 1 resources/);
});

test('bad arguments, missing, broken and foreign files end the start with a clear line', async () => {
  const broken = file('broken.ndjson.gz', gzipSync(ndjson(resources)).subarray(0, 100));
  const cases = [
    [2, /--port/, '--port', 'x'],
    [2, /--nope/, '--nope'],
    [1, /missing\.ndjson: ENOENT/, '--port', '0', '--data', join(folder, 'missing.ndjson')],
    [1, /broken\.ndjson\.gz: /, '--port', '0', '--data', broken],
    [1, /synthetic-data import/, '--port', '0', '--data', folder],
  ];
  for (const [code, line, ...args] of cases) {
    const child = run(...args);
    assert.equal(await child.ended, code, child.output);
    assert.match(child.output, line);
    assert.doesNotMatch(child.output, /\n\s+at /);
  }
});

test('a taken port is named', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address();
  const child = run('--port', String(port));
  assert.equal(await child.ended, 1);
  assert.match(child.output, new RegExp(`port ${port} is taken`));
  taken.close();
});

test('resources put over REST are all found, whatever their order in the file', async () => {
  const { base: target, server } = await start();
  const data = file('put.ndjson', ndjson([...resources].reverse()));
  const child = node('put.mjs', '--to', target, '--data', data);
  assert.equal(await child.ended, 0, child.output);
  const bundle = await (await fetch(`${target}/Observation?patient=a`)).json();
  assert.equal(bundle.total, 3);
  server.kill('SIGKILL');
});

test('a resource that a server refuses is named by its line', async () => {
  const data = file('refused.ndjson', ndjson([resources[0], { resourceType: 'Observation', id: 'x' }]));
  const child = node('put.mjs', '--to', base, '--data', data);
  assert.equal(await child.ended, 1);
  assert.match(child.output, /refused\.ndjson:2: Observation: status 422/);
});

test('SIGTERM ends the server in order', async () => {
  const { server } = await start();
  server.kill('SIGTERM');
  assert.equal(await server.ended, 0);
});
