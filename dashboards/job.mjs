// SPDX-License-Identifier: Apache-2.0
// One job: how far it is, what its cases cost, and what its ranks do while it runs. Workers label no live series with a
// job, which would grow without bound; the live panels therefore show what ranks do at the instants this job runs. Gangs
// are exclusive by default, so that is this job, unless another one runs on other workers at the same time.
import { UNIT, bars, dashboard, heatmap, queryVariable, series, stat, table } from './panels.mjs';

const JOB = '{job_id="$job_id"}';
const RUNNING = 'and on() (basisbench_job_info{job_id="$job_id", state="running"})';
const whileRunning = (expression) => `(${expression}) ${RUNNING}`;
const rate = (metric, by) => whileRunning(`sum by (${by}) (rate(${metric}[$__rate_interval]))`);
const ratio = (above, below, by) => whileRunning(`sum by (${by}) (rate(${above}[$__rate_interval])) / (sum by (${by}) (rate(${below}[$__rate_interval])) > 0)`);
const quantile = (q) => whileRunning(`histogram_quantile(${q}, sum by (operator, le) (rate(basisbench_iteration_duration_seconds_bucket[$__rate_interval])))`);

const progress = [
  stat('State', { unit: UNIT.count, width: 4, text: 'name', description: 'State of the job.' }, { '{{state}}': `basisbench_job_info${JOB}` }),
  stat('Cases done', { unit: UNIT.ratio, decimals: 0, max: 1, description: 'Cases with a record, as a share of those the job expanded to.' },
    { done: `basisbench_job_cases_done${JOB} / basisbench_job_cases${JOB}` }),
  stat('Attempts', { unit: UNIT.count, steps: { 2: 'orange' }, description: 'Tries so far. More than one world size needs several; beyond that, each was a loss.' },
    { attempts: `basisbench_job_attempts${JOB}` }),
  stat('Took', { unit: UNIT.seconds, decimals: 0, description: 'From the first attempt to the end, or until now.' },
    { took: `(basisbench_job_end_timestamp_seconds${JOB} or on(job_id) (basisbench_job_start_timestamp_seconds${JOB} * 0 + time())) - on(job_id) basisbench_job_start_timestamp_seconds${JOB}` }),
  stat('Best speed-up', { unit: UNIT.times, decimals: 2, description: 'Largest speed-up over MatMul of a case that ended well. The table says how well it computes what MatMul does.' },
    { best: `max(basisbench_result_speedup_ratio${JOB})` }),
  stat('Largest error', { unit: UNIT.scientific, decimals: 1, description: 'Largest relative error of an output against float64, over the cases that ended well.' },
    { largest: `max(basisbench_result_relative_error_ratio${JOB})` }),
  series('Cases', { unit: UNIT.count, step: true, width: 24, height: 6, description: 'Cases recorded, and all cases of the job.' },
    { done: `basisbench_job_cases_done${JOB}`, all: `basisbench_job_cases${JOB}` }),
];

const labels = { case: 'Case', operator: 'Operator', sharding: 'Sharding', ranks: 'Ranks', dtype: 'Type', place: 'Place' };
const results = [
  table('Results', { unit: UNIT.number, width: 16, height: 12, description: 'Cases that ended well: median time of an iteration, MatMul’s time divided by it, relative error, counted bytes on the wire.' },
    { time: `basisbench_result_median_seconds${JOB}`, speedup: `basisbench_result_speedup_ratio${JOB}`,
      error: `basisbench_result_relative_error_ratio${JOB}`, wire: `basisbench_result_wire_bytes${JOB}` },
    { time: ['Median', UNIT.seconds], speedup: ['vs MatMul', UNIT.times], error: ['Error', UNIT.scientific], wire: ['Wire', UNIT.bytes] }, labels),
  bars('Speed-up over MatMul', { unit: UNIT.times, decimals: 2, height: 12, steps: { 1: 'blue' }, description: 'MatMul’s time divided by the case’s, from paired rounds. Beyond 1 is faster.' },
    { '{{operator}} {{place}}': `sort_desc(basisbench_result_speedup_ratio${JOB})` }),
];

const samples = [
  series('Time of an iteration, median', { unit: UNIT.seconds, log: true, description: 'Median time of one timed iteration as ranks see it, by operator, from buckets twice as wide as the one before. The exact figures are in the table.' },
    { '{{operator}}': quantile(0.5) }),
  series('Time of an iteration, p99', { unit: UNIT.seconds, log: true, description: '99th percentile of the same. Far above the median means a disturbed machine.' },
    { '{{operator}}': quantile(0.99) }),
  heatmap('Distribution of iteration times', { unit: UNIT.seconds, description: 'Iterations by how long they took, over all operators.' },
    { '{{le}}': whileRunning('sum by (le) (increase(basisbench_iteration_duration_seconds_bucket[$__rate_interval]))') }),
];

const compute = [
  series('Executed FLOP/s', { unit: UNIT.flopRate, description: 'Operations really executed, all ranks, per second of wall time.' }, { '{{operator}}': rate('basisbench_flops_total', 'operator') }),
  series('Executed FLOP/s inside iterations', { unit: UNIT.flopRate, description: 'Operations of all ranks divided by the time ranks spend in iterations: the rate of one rank while it works.' },
    { '{{operator}}': ratio('basisbench_flops_total', 'basisbench_iteration_duration_seconds_sum', 'operator') }),
  series('Effective FLOP/s inside iterations', { unit: UNIT.flopRate, description: 'The same with the operations the dense product of the same map would take. Above the GEMM rate means cheaper than MatMul.' },
    { '{{operator}}': ratio('basisbench_effective_flops_total', 'basisbench_iteration_duration_seconds_sum', 'operator') }),
  series('Memory traffic', { unit: UNIT.byteRate, description: 'Bytes the operators must move at least, all ranks, per second.' }, { '{{operator}}': rate('basisbench_memory_traffic_bytes_total', 'operator') }),
  series('Arithmetic intensity', { unit: UNIT.intensity, log: true, description: 'Executed operations per compulsory byte: the horizontal axis of a roofline.' },
    { '{{operator}}': ratio('basisbench_flops_total', 'basisbench_memory_traffic_bytes_total', 'operator') }),
  series('Iterations', { unit: UNIT.perSecond, description: 'Timed iterations per second, added over ranks.' }, { '{{operator}}': rate('basisbench_iteration_duration_seconds_count', 'operator') }),
];

const communication = [
  series('Wire bytes', { unit: UNIT.byteRate, description: 'Payload bytes per second that ranks send, by collective.' }, { '{{collective}}': rate('basisbench_collective_sent_bytes_total', 'collective') }),
  series('Bytes per call', { unit: UNIT.bytes, description: 'Payload bytes a rank sends in one call of a collective.' },
    { '{{collective}}': ratio('basisbench_collective_sent_bytes_total', 'basisbench_collective_calls_total', 'collective') }),
  series('Rate inside collectives', { unit: UNIT.byteRate, description: 'Bytes a rank sends per second of its time in a collective, waiting for the others included.' },
    { '{{collective}}': ratio('basisbench_collective_sent_bytes_total', 'basisbench_collective_seconds_total', 'collective') }),
  series('Share of time in collectives', { unit: UNIT.ratio, description: 'Time ranks spend in collectives divided by their time in iterations. What is not overlapped with computing; above 1 where several run at once.' },
    { share: whileRunning('sum(rate(basisbench_collective_seconds_total[$__rate_interval])) / (sum(rate(basisbench_iteration_duration_seconds_sum[$__rate_interval])) > 0)') }),
  series('Messages', { unit: UNIT.perSecond, description: 'Point-to-point messages per second that ranks send, by collective.' }, { '{{collective}}': rate('basisbench_collective_messages_total', 'collective') }),
  series('Ranks', { unit: UNIT.count, step: true, stack: true, description: 'Rank processes connected to each worker’s daemon.' }, { '{{instance}}': whileRunning('basisbench_ranks_running') }),
];

const marker = (name, metric, iconColor) => ({ name, iconColor, expr: `${metric}${JOB} * 1000`, useValueForTime: true, titleFormat: name, step: '10s' });

export const job = dashboard({
  uid: 'basisbench-job', title: 'Basisbench: one job', description: 'Progress, results and live rates of one job.',
  variables: [queryVariable('job_id', 'Job', 'label_values(basisbench_job_info, job_id)')],
  links: [{ title: 'Overview', url: '/d/basisbench-overview' }],
  annotations: [marker('Start', 'basisbench_job_start_timestamp_seconds', 'blue'), marker('End', 'basisbench_job_end_timestamp_seconds', 'green')],
}, { Progress: progress, Results: results, Samples: samples, Compute: compute, Communication: communication });
