// SPDX-License-Identifier: Apache-2.0
// The selected job: head, live progress, figures, charts, table.
import { speedupChart, timeChart } from './charts.js';
import { h } from './dom.js';
import { DASH, ago, bytes, number, seconds, si, span, times } from './format.js';
import { progressBar, stateBadge } from './lists.js';
import { elapsed, ended, eta, palette, stateOf, summary } from './model.js';
import { comparisonTable } from './table.js';
import { totalsTable } from './totals.js';

function tile(name, value, note) {
  return h('div', { class: 'tile' }, h('dt', {}, name), h('dd', {}, value), note ? h('dd', { class: 'note' }, note) : null);
}

function bestTile(rows) {
  const best = rows.filter((row) => row.verdict === 'FASTER' && row.outcome === 'ok').sort((a, b) => b.speedup - a.speedup)[0];
  return best
    ? tile('Fastest vs MatMul', times(best.speedup), `${best.operator} at ${best.site || best.place}`)
    : tile('Fastest vs MatMul', DASH, rows.length ? 'nothing faster so far' : 'no result yet');
}

function roofTiles(rows) {
  const machine = rows.findLast((row) => row.machine)?.machine;
  if (!machine) return [];
  const wire = number(machine.wire_bytes_per_second);
  return [
    tile('GEMM roof', si(number(machine.gemm_flops_per_second), 'FLOP/s'), 'measured, this gang'),
    tile('Memory roof', `${bytes(number(machine.copy_bytes_per_second))}/s`, 'stream copy, read + write'),
    Number.isFinite(wire)
      ? tile('Wire roof', `${bytes(wire)}/s`, `latency ${seconds(number(machine.wire_latency_seconds))}`)
      : null,
  ];
}

export function figures(state) {
  const { job, rows } = state;
  const count = (outcome) => rows.filter((row) => row.outcome === outcome).length;
  const bad = rows.length - count('ok') - count('unsupported');
  const left = eta(job, state.progress);
  return [
    tile('Cases', `${job.cases_done} / ${job.cases_total}`, `${count('ok')} ok · ${count('unsupported')} unsupported · ${bad} bad`),
    bestTile(rows),
    ended(job) ? tile('Took', span(elapsed(job)), `ended ${ago(job.end_time)}`)
      : tile('Time left', Number.isFinite(left) ? span(left) : DASH, Number.isFinite(elapsed(job)) ? `running for ${span(elapsed(job))}` : 'not started'),
    roofTiles(rows)];
}

function livePart({ job, progress }) {
  if (ended(job)) return null;
  if (stateOf(job) === 'queued') return h('p', { class: 'now' }, job.detail || 'Waiting for a gang.');
  if (!progress) return h('p', { class: 'now' }, 'Starting…');
  const median = number(progress.median_seconds);
  return h('p', { class: 'now' }, h('i', { class: 'pulse' }), h('b', {}, progress.phase), ' ', h('code', {}, progress.label),
    h('span', {}, [progress.samples > 0 ? `${progress.samples} samples` : '', median > 0 ? `median ${seconds(median)}` : ''].filter(Boolean).join(' · ')));
}

export function heading(state) {
  const { job } = state;
  const workers = job.workers?.length ? `on ${job.workers.join(', ')}` : '';
  return [
    h('div', { class: 'title' }, h('h2', {}, job.spec?.name || job.id), stateBadge(job)),
    h('p', { class: 'meta' }, h('code', {}, job.id), ' · ', [summary(job.spec), workers, `submitted ${ago(job.submit_time)}`,
      job.attempts > 1 ? `attempt ${job.attempts}` : ''].filter(Boolean).join(' · ')),
    ended(job) && job.detail ? h('p', { class: 'detail', 'data-state': stateOf(job) }, job.detail) : null,
    progressBar(job, 'Cases done'), livePart(state)];
}

const distinct = (rows, field) => [...new Set(rows.map((row) => row[field]))].filter(Boolean).sort();

export function filters(state, change) {
  const select = (key, name, all) => h('label', {}, name,
    h('select', { 'data-key': `filter-${key}`, onchange: (event) => change(key, event.target.value) },
      h('option', { value: '' }, all),
      distinct(state.rows, key).map((value) => h('option', { value, selected: state.filter[key] === value }, value))));
  return [select('place', 'Place', 'all places'), select('operator', 'Operator', 'all operators'),
    h('a', { class: 'ghost', href: `/api/v1/jobs/${encodeURIComponent(state.job.id)}/results?page_size=1000`, download: `${state.job.id}.json` }, 'JSON')];
}

// What the filters would offer: they are built again only when this changes, so that an open list stays open.
export const filterKey = (state) => JSON.stringify([state.job?.id, distinct(state.rows, 'place'), distinct(state.rows, 'operator')]);

// MatMul stays, whatever the filter: it is what the others are compared with.
const chosen = ({ rows, filter }) => rows.filter((row) => (!filter.place || row.place === filter.place)
  && (!filter.operator || row.operator === filter.operator || row.baseline));

function panel(title, hint, content) {
  return h('section', { class: 'panel' }, h('header', {}, h('h3', {}, title), h('p', {}, hint)), content);
}

// Chart text must not shrink with the panel, so its width in user units follows the panel's.
export function chartWidth() {
  const room = document.getElementById('charts').clientWidth;
  return Math.max(300, Math.round((room > 1000 ? (room - 16) / 2 : room) - 34));
}

export function charts(state) {
  const rows = chosen(state);
  const colour = palette(state.rows);
  const width = chartWidth();
  return [
    panel('Speed-up against MatMul', 'paired rounds, 95 % interval; right of 1× is faster', speedupChart(rows, colour, width)),
    panel('Time per iteration', 'median, 95 % interval, range of all samples; left is faster', timeChart(rows, colour, width))];
}

export const table = (state) => comparisonTable(chosen(state), palette(state.rows));

export function totals(state) {
  const content = totalsTable(state.rows, palette(state.rows));
  const hint = 'sum over sites of the median times how often the site runs in one forward pass';
  return content ? [panel('Whole model', hint, content)] : [];
}

export function welcome(state) {
  if (!state.ready) return h('p', {}, 'Waiting for the coordinator…');
  if (state.selected && !state.missing) return h('p', {}, 'Reading the job…');
  return [
    h('h2', {}, state.missing ? `No job ${state.missing}` : 'No job yet'),
    h('p', {}, 'Submit one from a terminal; it appears here at once.'),
    h('pre', {}, 'basisbench run --operators matmul,monarch,wht,fnet,gate --preset gpt2-small --ranks 2')];
}
