// Puts the resources of an NDJSON file into any FHIR server, each under its own id.
import { parseArgs } from 'node:util';
import { lines } from './src/ndjson.mjs';

const USAGE = 'node put.mjs --to http://127.0.0.1:7080/fhir/R4 --data FILE.ndjson[.gz] [--parallel 4]';
const TIMEOUT_MS = 60_000;

// What others refer to goes first: a server may refuse, or not index, a reference to what it does not have yet.
const ORDER = [
  (type) => ['Organization', 'Practitioner', 'Location', 'Patient'].includes(type),
  (type) => type === 'Encounter',
  (type) => type === 'Observation',
  () => true,
];
const turn = (type) => ORDER.findIndex((matches) => matches(type));

let options;
try {
  options = parseArgs({
    options: { to: { type: 'string' }, data: { type: 'string' }, parallel: { type: 'string', default: '4' } },
  }).values;
  if (!options.to || !options.data || !/^[1-9]\d?$/.test(options.parallel)) throw new Error('--to and --data are needed');
} catch (error) {
  console.error(`put: ${error.message}\n${USAGE}`);
  process.exit(2);
}

const base = options.to.replace(/\/$/, '');
let done = 0;
let failed = 0;

async function put(where, resource, text) {
  const { resourceType, id } = resource;
  try {
    const response = await fetch(`${base}/${resourceType}/${id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/fhir+json' },
      body: text,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`status ${response.status}`);
    done += 1;
    if (done % 500 === 0) console.log(`put: ${done} resources`);
  } catch (error) {
    failed += 1;
    console.error(`put: ${where}: ${resourceType}: ${error.cause?.code ?? error.message}`);
  }
}

async function putAll(number) {
  const running = new Set();
  for await (const { line, text } of lines(options.data)) {
    const where = `${options.data}:${line}`;
    const resource = parse(where, text);
    if (turn(resource.resourceType) !== number) continue;
    const one = put(where, resource, text).finally(() => running.delete(one));
    running.add(one);
    if (running.size >= Number(options.parallel)) await Promise.race(running);
    if (failed >= 20) throw new Error('too many failures');
  }
  await Promise.all(running);
}

function parse(where, text) {
  try {
    const resource = JSON.parse(text);
    if (resource?.resourceType && resource.id) return resource;
  } catch {
    // said below
  }
  throw new Error(`${where}: not a resource with an id`);
}

try {
  for (const number of ORDER.keys()) await putAll(number);
} catch (error) {
  console.error(`put: ${error.message}`);
  process.exit(1);
}
console.log(`put: ${done} resources put, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
