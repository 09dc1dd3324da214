// Reads NDJSON files.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** The lines of an NDJSON file, plain or gzipped, with their numbers; empty ones are left out. */
export async function* lines(file) {
  if (!/\.ndjson(\.gz)?$/.test(file)) {
    throw new Error(`${file}: expected *.ndjson or *.ndjson.gz; "synthetic-data import" makes one out of bundles`);
  }
  const failed = (error) => new Error(`${file}: ${error.code ?? error.message}`);
  const source = createReadStream(file);
  // A broken source must end the lines as an error, not as an end.
  let broken;
  const input = file.endsWith('.gz')
    ? pipeline(source, createGunzip(), (error) => (broken = error))
    : source.on('error', (error) => (broken = error));
  try {
    let line = 0;
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line += 1;
      if (text.trim() !== '') yield { line, text };
    }
  } catch (error) {
    throw failed(error);
  } finally {
    source.destroy();
  }
  if (broken) throw failed(broken);
}
