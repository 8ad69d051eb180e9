#!/usr/bin/env node
// push.js DIR [NAME]: stages the migrations in DIR as stage:NAME, sending what the server lacks, and runs them.
//
// The database is DATABASE_URL, or what PGHOST, PGDATABASE, PGUSER, ... say. Needs the module pg.
const { createHash } = require('node:crypto');
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { Client } = require('pg');

// [{ path, content, sha256 }]. Layouts have folders one level deep; dot entries (.git, ..data) are left out.
function readFiles(directory, folder = '') {
  return readdirSync(join(directory, folder)).filter((entry) => !entry.startsWith('.')).flatMap((entry) => {
    const path = folder + entry;
    if (statSync(join(directory, path)).isDirectory()) return folder ? [] : readFiles(directory, `${path}/`);
    const content = readFileSync(join(directory, path));
    return [{ path, content, sha256: createHash('sha256').update(content).digest('hex') }];
  });
}

// Make the files the whole of the set; returns how many had to be sent.
async function stage(client, name, files) {
  const paths = files.map((file) => file.path);
  const checksums = files.map((file) => file.sha256);
  await client.query('BEGIN');
  const { rows } = await client.query('SELECT migrator.stage_missing($1, $2, $3) AS path', [name, paths, checksums]);
  const missing = new Set(rows.map((row) => row.path));
  // a null content is one that the server has: it is found by its checksum, or stage() fails
  const contents = files.map((file) => (missing.has(file.path) ? file.content : null));
  await client.query('SELECT migrator.stage($1, $2::text[], $3::bytea[], $4)', [name, paths, contents, checksums]);
  await client.query('COMMIT');
  return missing.size;
}

async function main(directory, name = 'default') {
  const files = readFiles(directory);
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  client.on('notice', (notice) => console.error(`${notice.severity}:  ${notice.message}`));
  await client.connect();
  try {
    console.log(`${await stage(client, name, files)} of ${files.length} files were sent to stage:${name}`);
    // each migration is a transaction of its own, so CALL must not be sent within one of ours
    const { rows: [{ result }] } = await client.query(`CALL migrator.up($1, options => '{"verbose": true}')`, [`stage:${name}`]);
    if (result.applied) console.table(result.migrations, ['version', 'name', 'outcome', 'execution_time_ms']);
    console.log(`${result.outcome}: ${result.applied} applied`);
  } finally {
    await client.end(); // a transaction that failed is rolled back
  }
}

if (process.argv.length < 3) {
  console.error('usage: push.js DIR [NAME]');
  process.exit(1);
}
main(...process.argv.slice(2)).catch((error) => {
  // "where" names migration, file and line
  console.error([`ERROR:  ${error.message}`, error.detail, error.hint, error.where].filter(Boolean).join('\n'));
  process.exitCode = 1;
});
