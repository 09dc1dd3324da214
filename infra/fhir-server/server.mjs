// Starts the server: arguments, data, listening, shutdown.
import { parseArgs } from 'node:util';

const USAGE = `An in-memory FHIR R4 server for development and tests.

node server.mjs [--host 127.0.0.1] [--port 7080] [--data FILE.ndjson[.gz]]... [--lenient] [--max-body BYTES]

  --data      resources to load, one a line; may be repeated ("synthetic-data import" makes such a file)
  --lenient   start although some resources were rejected
  --max-body  largest accepted request body (default 4194304)`;

const MAX_NAMED = 20;

let options;
try {
  options = parse(process.argv.slice(2));
} catch (error) {
  console.error(`fhir-server: ${error.message}\n\n${USAGE}`);
  process.exit(2);
}
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

const began = performance.now();
const { makeServer, BASE_PATH } = await import('./src/http.mjs');
const { PatientIndexedRepository } = await import('./src/repository.mjs');
const { loadFile } = await import('./src/load.mjs');

const repository = new PatientIndexedRepository();
const state = { ready: false };
const origin = () => `http://${options.host}:${server.address()?.port ?? options.port}`;
const server = makeServer({ repository, state, origin, maxBody: options.maxBody });
server.on('error', (error) => {
  const reason = error.code === 'EADDRINUSE' ? `port ${options.port} is taken` : (error.code ?? error.message);
  console.error(`fhir-server: cannot listen on ${options.host}:${options.port}: ${reason}`);
  process.exit(1);
});
server.listen(options.port, options.host, start);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

async function start() {
  try {
    const rejected = await load(options.data);
    if (rejected > 0 && !options.lenient) {
      console.error(`fhir-server: ${rejected} resources were rejected; --lenient starts without them`);
      process.exit(1);
    }
  } catch (error) {
    console.error(`fhir-server: ${error.message}`);
    process.exit(1);
  }
  state.ready = true;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`fhir-server ready on ${origin()}${BASE_PATH} with ${repository.size} resources after ${seconds} s`);
}

async function load(files) {
  let rejections = 0;
  for (const file of files) {
    const loaded = await loadFile(repository, file, {
      progress: (n) => console.log(`fhir-server: ${n} resources of ${file}`),
      rejected: (where, reason) => {
        rejections += 1;
        if (rejections <= MAX_NAMED) console.error(`fhir-server: rejected ${where}: ${reason}`);
        else if (rejections === MAX_NAMED + 1) console.error('fhir-server: and more');
      },
    });
    console.log(`fhir-server: ${loaded} resources loaded from ${file}`);
  }
  return rejections;
}

function stop() {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 5_000).unref();
}

function parse(args) {
  const { values } = parseArgs({
    args,
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '7080' },
      data: { type: 'string', multiple: true, default: [] },
      lenient: { type: 'boolean', default: false },
      'max-body': { type: 'string', default: String(4 * 1024 * 1024) },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (name, low, high) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new Error(`--${name} must be a number between ${low} and ${high}`);
    }
    return value;
  };
  return { ...values, port: number('port', 0, 65_535), maxBody: number('max-body', 1, 2 ** 30) };
}
