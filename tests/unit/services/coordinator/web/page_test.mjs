// SPDX-License-Identifier: Apache-2.0
// The page's arithmetic: numbers for people, figures derived from records, totals over a model. Run by node, without a browser.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';

// Node takes .js for CommonJS unless the folder says otherwise; browsers do not ask.
const folder = mkdtempSync(join(tmpdir(), 'bb-page-'));
cpSync(new URL('../../../../../services/coordinator/web/page', import.meta.url), folder, { recursive: true });
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
after(() => rmSync(folder, { recursive: true }));
const page = (name) => import(join(folder, name));
const { ago, bytes, interval, number, percent, scientific, seconds, si, span, times, word } = await page('format.js');
const { elapsed, eta, operatorName, palette, stateOf, summary, toRow } = await page('model.js');
const { modelTotals } = await page('totals.js');

test('numbers have three digits and a prefix, and what is absent is a dash', () => {
  const shown = [[seconds(0.00213), '2.13 ms'], [seconds(9.9996e-4), '1.00 ms'], [seconds(4.2e-7), '420 ns'], [bytes(5.51e6), '5.51 MB'],
    [si(1.32e11, 'FLOP/s'), '132 GFLOP/s'], [si(0, 'B'), '0 B'], [seconds(NaN), '–'], [percent(0.0229), '2.29 %'], [percent(0), '0 %'],
    [percent(undefined), '–'], [times(2.0996), '2.10×'], [times(163.4), '163×'], [times(NaN), '–'], [scientific(2.34e-7), '2.3e-7'], [scientific(0), '0']];
  for (const [text, wanted] of shown) assert.equal(text, wanted);
});

test('an interval is in the unit of its middle', () => {
  assert.equal(interval(0.00097, 0.00104, 0.001), '0.97 – 1.04');
  assert.equal(interval(NaN, 1, 1), '');
});

test('lengths and ages of time', () => {
  assert.deepEqual([span(38), span(93), span(3840), span(200000), span(NaN)], ['38 s', '1 min 33 s', '1 h 4 min', '2 d 7 h', '–']);
  assert.equal(ago(new Date(Date.now() - 7300e3).toISOString()), '2 h ago');
  assert.equal(ago(undefined), '');
});

test('words and 64-bit integers of protobuf JSON', () => {
  assert.equal(word('OUTCOME_INVALID_RESULT', 'OUTCOME_'), 'invalid result');
  assert.equal(number('1572864'), 1572864);
  assert.ok(Number.isNaN(number(undefined)) && Number.isNaN(number('')));
});

const record = (change = {}) => ({
  case: { index: 3, operator: { name: 'monarch', parameters: { blocks: '32', a: '1' } }, shape: { tokens: '512', d_in: '768', d_out: '768' }, site: 'q',
    ranks: 2, dtype: 'f32', cache: 'hot', direction: 'forward', sharding: 'row', comparison_group: 'q', calls_per_layer: 2, calls_per_model: 24 },
  outcome: 'OUTCOME_OK', timing: { seconds: { median: 0.002, min: 0.001, max: 0.003, count: '42' } },
  cost: { flops_effective: 4e8, flops_executed: 1e8, bytes_min: 2e6 }, roofs: { gemm_flops_per_second: 1e11, copy_bytes_per_second: 1e10, wire_bytes_per_second: 1e9 },
  counted: [{ bytes_sent: '100000' }, { bytes_sent: '400000' }], counted_wire_bytes_total: '1000000', comparison: { speedup: 3, verdict: 'FASTER' }, ...change });

test('rates and shares of roofs follow from cost and median', () => {
  const row = toRow(record());
  assert.equal(row.operator, 'monarch{a=1,blocks=32}');
  assert.equal(row.conditions, '2 ranks · f32 · hot · forward');
  assert.equal(row.effective, 2e11);
  assert.equal(row.executed, 5e10);
  assert.deepEqual(row.roofs, { compute: 0.5, memory: 0.1, wire: 0.25, bound: 'compute' });
  assert.equal(row.wire, 1e6);
});

test('a sharding that was chosen says so and counts as what was asked for', () => {
  const chosen = toRow(record({ case: { ...record().case, requested_sharding: 'auto' } }));
  assert.deepEqual([chosen.sharding, chosen.askedSharding], ['row (auto)', 'auto']);
  assert.deepEqual([toRow(record()).sharding, toRow(record()).askedSharding], ['row', 'row']);
});

test('a case without timing shows no number, and MatMul is 1 against itself', () => {
  const row = toRow({ case: record().case, outcome: 'OUTCOME_UNSUPPORTED', detail: 'needs d_in = d_out' });
  for (const field of ['median', 'effective', 'memory', 'wire', 'error', 'speedup']) assert.ok(Number.isNaN(row[field]), field);
  assert.equal(row.roofs.bound, undefined);
  const baseline = toRow(record({ case: { ...record().case, baseline: true }, comparison: undefined }));
  assert.deepEqual([baseline.speedup, baseline.verdict], [1, 'BASELINE']);
});

const row = (operator, site, median, change = {}) => ({ operator, site, median, group: site, askedSharding: 'row', conditions: 'c', outcome: 'ok',
  baseline: operator === 'matmul', calls: { layer: 1, model: 12 }, ...change });

test('totals weigh each site by its calls and compare with MatMul at the same sites only', () => {
  const totals = modelTotals([row('matmul', 'q', 4), row('matmul', 'up', 10, { calls: { layer: 1, model: 24 } }), row('wht', 'q', 1),
    row('wht', 'up', 5, { outcome: 'unsupported' }), row('wht', 'down', 1)]);
  assert.deepEqual(totals.map(({ row: { operator }, sites, model, matmul }) => [operator, sites, model, matmul.model]),
    [['matmul', ['q', 'up'], 288, 288], ['wht', ['q'], 12, 48]]);
});

test('a site measured twice counts once, and other conditions are another line', () => {
  const totals = modelTotals([row('matmul', 'q', 4), row('wht', 'q', 1), row('wht', 'q', 2), row('wht', 'q', 3, { askedSharding: 'token' })]);
  assert.deepEqual(totals.map((total) => total.model), [48, 12, 36]);
});

test('states, elapsed and remaining time of a job', () => {
  const job = { state: 'JOB_STATE_RUNNING', start_time: new Date(Date.now() - 10000).toISOString(), cases_done: 5, cases_total: 20 };
  assert.equal(stateOf({ ...job, cancel_requested: true }), 'cancelling');
  assert.ok(Math.abs(eta(job) - 30) < 1);
  assert.equal(eta(job, { eta_seconds: 7 }), 7);
  assert.ok(Number.isNaN(eta({ ...job, state: 'JOB_STATE_QUEUED' })) && Number.isNaN(elapsed({})));
  assert.equal(elapsed({ start_time: '2026-01-01T00:00:00Z', end_time: '2026-01-01T00:01:33Z' }), 93);
});

test('names, summaries and colours', () => {
  assert.equal(operatorName({ name: 'wht', parameters: {} }), 'wht');
  assert.equal(summary({ model: { preset: 'gpt2-small' }, ranks: [1, 2], dtypes: ['f32'] }), 'gpt2-small · prefill · 1/2 ranks · f32');
  assert.equal(summary({ shapes: [{}] }), '1 shape');
  assert.equal(summary({ shapes: [{}], backend: 'cpu_mpi' }), '1 shape', 'the usual one goes without saying');
  assert.equal(summary({ shapes: [{}], backend: 'cuda_nccl' }), '1 shape · cuda_nccl');
  const rows = [{ family: 'matmul', operator: 'matmul' }, { family: 'wht', operator: 'wht' }, { family: 'gate', operator: 'gate' }];
  assert.deepEqual(rows.map(palette(rows)), ['var(--c0)', 'var(--c2)', 'var(--c1)']);
});
