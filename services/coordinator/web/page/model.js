// SPDX-License-Identifier: Apache-2.0
// Records as the page shows them: every derived figure is computed here, once, from what was declared and measured.
import { number, word } from './format.js';

export function operatorName(spec) {
  const parameters = Object.entries(spec?.parameters ?? {}).sort().map(([key, value]) => `${key}=${value}`);
  return parameters.length ? `${spec.name}{${parameters.join(',')}}` : spec?.name ?? '';
}

function sum(list, field) {
  return (list ?? []).reduce((total, item) => total + number(item[field]), 0);
}

// Shares of the measured roofs, with the largest named.
function roofShares(record, median) {
  const { roofs, cost, counted } = record;
  const shares = {
    compute: number(cost?.flops_executed) / median / number(roofs?.gemm_flops_per_second),
    memory: number(cost?.bytes_min) / median / number(roofs?.copy_bytes_per_second),
    wire: sum(counted, 'bytes_sent') / median / number(roofs?.wire_bytes_per_second),
  };
  const known = Object.entries(shares).filter(([, share]) => Number.isFinite(share) && share > 0);
  const [bound] = known.sort((a, b) => b[1] - a[1])[0] ?? [];
  return { ...shares, bound };
}

export function toRow(record) {
  const work = record.case ?? {};
  const shape = work.shape ?? {};
  const stats = record.timing?.seconds ?? {};
  const median = number(stats.median);
  const comparison = record.comparison ?? {};
  const shapeText = `${shape.tokens} × ${shape.d_in} × ${shape.d_out}`;
  return {
    index: work.index,
    operator: operatorName(work.operator),
    family: work.operator?.name ?? '',
    site: work.site,
    calls: { layer: number(work.calls_per_layer) || 0, model: number(work.calls_per_model) || 0 },
    place: work.site ? `${work.site}  ${shapeText}` : shapeText,
    conditions: [`${work.ranks} rank${work.ranks === 1 ? '' : 's'}`, work.dtype, work.cache, work.direction]
      .filter(Boolean).join(' · '),
    group: work.comparison_group || shapeText,
    sharding: work.requested_sharding ? `${work.sharding} (${work.requested_sharding})` : work.sharding,
    askedSharding: work.requested_sharding || work.sharding,
    baseline: Boolean(work.baseline),
    outcome: word(record.outcome, 'OUTCOME_'),
    detail: record.detail,
    reproduce: record.reproduce,
    samples: number(stats.count),
    stop: record.timing?.stop_reason,
    median,
    low: number(stats.median_ci_low),
    high: number(stats.median_ci_high),
    min: number(stats.min),
    max: number(stats.max),
    effective: number(record.cost?.flops_effective) / median,
    executed: number(record.cost?.flops_executed) / median,
    memory: number(record.memory_bytes?.value ?? record.cost?.bytes_min),
    memoryCounted: record.memory_bytes?.value !== undefined,
    wire: number(record.counted_wire_bytes_total),
    trafficMatches: record.validation?.traffic_matches,
    roofs: roofShares(record, median),
    machine: record.roofs,
    error: record.validation ? number(record.validation.relative_error) : NaN,
    verdict: work.baseline ? 'BASELINE' : comparison.verdict ?? '',
    speedup: work.baseline ? 1 : number(comparison.speedup),
    speedupLow: number(comparison.speedup_low),
    speedupHigh: number(comparison.speedup_high),
  };
}

export function stateOf(job) {
  if (job.cancel_requested && job.state === 'JOB_STATE_RUNNING') return 'cancelling';
  return word(job.state, 'JOB_STATE_');
}

export const ended = (job) => ['succeeded', 'failed', 'cancelled'].includes(stateOf(job));

export function elapsed(job) {
  if (!job.start_time) return NaN;
  const end = job.end_time ? Date.parse(job.end_time) : Date.now();
  return (end - Date.parse(job.start_time)) / 1000;
}

// Seconds until the job ends: the runner's own estimate, else cases done so far carried on.
export function eta(job, progress) {
  if (stateOf(job) !== 'running') return NaN;
  const told = number(progress?.eta_seconds);
  if (Number.isFinite(told)) return told;
  return job.cases_done > 0 ? (elapsed(job) / job.cases_done) * (job.cases_total - job.cases_done) : NaN;
}

// One line that says what a job sweeps.
export function summary(spec) {
  if (!spec) return '';
  const parts = [];
  if (spec.model?.preset) parts.push(spec.model.preset, spec.model.phase || 'prefill');
  else if (spec.shapes?.length) parts.push(`${spec.shapes.length} shape${spec.shapes.length === 1 ? '' : 's'}`);
  if (spec.ranks?.length) parts.push(`${spec.ranks.join('/')} ranks`);
  if (spec.dtypes?.length) parts.push(spec.dtypes.join('/'));
  if (spec.backend && spec.backend !== 'cpu_mpi') parts.push(spec.backend);
  return parts.join(' · ');
}

// Colours follow the operator's place in the job, MatMul first, so that they stay put while results come in.
export function palette(rows) {
  const names = [...new Set(rows.filter((row) => row.family !== 'matmul').map((row) => row.operator))].sort();
  return (row) => (row.family === 'matmul' ? 'var(--c0)' : `var(--c${(names.indexOf(row.operator) % 7) + 1})`);
}
