#!/usr/bin/env node
// migrate.js up|skip|assert|status [SOURCE]: migrations from an application, with the module pg.
//
//     up      run what is pending; waits while another instance does
//     skip    the same, but leaves it to the other instance and goes on
//     assert  fails unless the schema is current: before serving, or after skip
//     status  what is applied, what is pending
//
// SOURCE is a directory on the server or stage:NAME; without it that of the registered service. The database is DATABASE_URL,
// or what PGHOST, PGDATABASE, PGUSER, ... say. Exit status: 0, or 1 after an error.
const { Client } = require('pg');

// Autocommit is what a query outside of BEGIN has. A Client, no Pool: a run that waits would keep one of the pool's connections.
async function connect() {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  client.on('notice', (notice) => console.error(`${notice.severity}:  ${notice.message}`));
  await client.connect();
  return client;
}

const commands = {
  async up(client, source, ifLocked = null) {
    const { rows: [{ result }] } = await client.query('CALL migrator.up($1, if_locked => $2)', [source, ifLocked]);
    console.log(`${result.outcome}: ${result.applied} applied`); // jsonb arrives as an object
  },
  skip(client, source) {
    return commands.up(client, source, 'skip');
  },
  async assert(client, source) {
    await client.query('SELECT migrator.assert_current($1)', [source]);
  },
  async status(client, source) {
    const { rows } = await client.query('SELECT version, name, state, flags FROM migrator.status($1)', [source]);
    for (const row of rows) console.log([row.version, row.name, row.state, ...row.flags].join(' '));
  },
};

async function main(command, source = null) {
  if (!commands[command]) throw new Error('usage: migrate.js up|skip|assert|status [SOURCE]');
  const client = await connect();
  try {
    await commands[command](client, source);
  } finally {
    await client.end();
  }
}

main(...process.argv.slice(2)).catch((error) => {
  // the message ends with migration, file and line; what else there is, is in code, detail, hint and where (CONTEXT)
  console.error([`${error.code}: ${error.message}`, error.detail, error.hint, error.where].filter(Boolean).join('\n'));
  process.exitCode = 1;
});
