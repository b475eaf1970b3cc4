// SPDX-License-Identifier: Apache-2.0
// The cluster at a glance: who is there, what waits, what is being computed, whether the store keeps up.
import { UNIT, bars, dashboard, series, stat, table } from './panels.mjs';

const quantiles = (metric, by = '') => Object.fromEntries([['p50', 0.5], ['p90', 0.9], ['p99', 0.99]].map(([name, q]) => [by ? `${name} {{${by}}}` : name,
  `histogram_quantile(${q}, sum by (${by ? `${by}, ` : ''}le) (rate(${metric}_bucket[$__rate_interval])))`]));
const rate = (metric, by) => `sum by (${by}) (rate(${metric}[$__rate_interval]))`;

const cluster = [
  stat('Workers ready', { unit: UNIT.count, steps: { 0: 'red', 1: 'green' }, description: 'Workers that hold a lease and accept attempts.' },
    { ready: 'sum(basisbench_workers{state="ready"})' }),
  stat('Workers lost', { unit: UNIT.count, steps: { 1: 'orange' }, description: 'Workers the coordinator knows whose lease ran out and that have not come back.' },
    { disconnected: 'sum(basisbench_workers{state="disconnected"})' }),
  stat('Slots in use', { unit: UNIT.ratio, decimals: 0, max: 1, description: 'Share of the attached workers’ slots that gangs hold. Near 1 with jobs waiting means the cluster is full.' },
    { 'in use': 'sum(basisbench_cluster_slots_used) / sum(basisbench_cluster_slots)' }),
  stat('Jobs running', { unit: UNIT.count, description: 'Jobs that hold a gang.' }, { running: 'sum(basisbench_jobs{state="running"})' }),
  stat('Jobs queued', { unit: UNIT.count, description: 'Jobs that wait for a gang.' }, { queued: 'sum(basisbench_jobs{state="queued"})' }),
  stat('Targets down', { unit: UNIT.count, steps: { 1: 'red' }, description: 'Coordinator and worker endpoints that Prometheus could not scrape.' },
    { down: 'count(up{job=~"basisbench-.*"} == 0) or vector(0)' }),
];

const nodes = [
  table('Workers', { unit: UNIT.seconds, width: 12, height: 7, description: 'Workers that Prometheus scrapes, and how long their daemons have been running.' },
    { up: 'sum by (worker, device, hostname, cpu_model) ((time() - process_start_time_seconds) * on (instance) group_left (worker, device, hostname, cpu_model) basisbench_worker_info)' },
    { up: ['Up for', UNIT.seconds] }, { worker: 'Worker', device: 'Device', hostname: 'Host', cpu_model: 'CPU' }),
  bars('Slots by worker', { unit: UNIT.ratio, max: 1, decimals: 0, width: 6, height: 7, description: 'Share of each worker’s slots that ranks hold now.' },
    { '{{instance}}': 'basisbench_worker_slots_used / basisbench_worker_slots' }),
  bars('Builds', { unit: UNIT.count, width: 6, height: 7, description: 'Processes by version. Two method versions measure differently: their records are not compared.' },
    { '{{version}}, method {{method_version}}': 'count by (version, method_version) (basisbench_build_info)' }),
];

const queue = [
  series('Jobs', { unit: UNIT.count, step: true, stack: true, description: 'Jobs waiting for a gang and jobs holding one.' },
    { '{{state}}': 'sum by (state) (basisbench_jobs{state=~"queued|running"})' }),
  series('Wait for a gang', { unit: UNIT.seconds, description: 'Time from submission to the first attempt, of jobs that started in the window. Grows when slots are short.' },
    quantiles('basisbench_job_queue_wait_seconds')),
  series('Submitted, refused, ended', { unit: UNIT.perSecond, description: 'Jobs per second: accepted, refused by gRPC status code, and ended by state.' },
    { submitted: 'sum(rate(basisbench_jobs_submitted_total[$__rate_interval]))', 'refused: {{code}}': rate('basisbench_jobs_refused_total', 'code'),
      '{{state}}': rate('basisbench_jobs_finished_total', 'state') }),
];

const throughput = [
  series('Cases recorded', { unit: UNIT.perSecond, stack: true, description: 'Cases per second with a durable record, by outcome.' },
    { '{{outcome}}': rate('basisbench_cases_finished_total', 'outcome') }),
  series('Executed FLOP/s', { unit: UNIT.flopRate, stack: true, description: 'Floating-point operations all ranks really execute, by operator. Only timed iterations count.' },
    { '{{operator}}': rate('basisbench_flops_total', 'operator') }),
  series('Wire', { unit: UNIT.byteRate, stack: true, description: 'Payload bytes per second that ranks send, by collective, as the communicator counts them.' },
    { '{{collective}}': rate('basisbench_collective_sent_bytes_total', 'collective') }),
];

const leases = [
  series('Lease held', { unit: UNIT.number, step: true, max: 1, description: '1 while a worker holds a lease of the coordinator. 0 means it is cut off and has killed what it ran.' },
    { '{{instance}}': 'basisbench_worker_attached' }),
  series('Losses and attachments', { unit: UNIT.count, description: 'Leases that ran out, and times workers registered, in the window. Attachments without losses are restarts.' },
    { lost: 'sum(increase(basisbench_worker_losses_total[$__rate_interval]))', attached: 'sum(increase(basisbench_worker_attachments_total[$__rate_interval]))' }),
  series('Records waiting for the store', { unit: UNIT.count, description: 'Records in each worker’s spool that the coordinator has not acknowledged. Stays above 0 while the store cannot be written.' },
    { '{{instance}}': 'basisbench_results_unacknowledged' }),
];

const attempts = [
  series('Attempts ended', { unit: UNIT.perSecond, stack: true, description: 'Attempts per second by how they ended. Anything but completed costs a relaunch.' },
    { '{{end}}': rate('basisbench_attempts_finished_total', 'end') }),
  series('Launch time', { unit: UNIT.seconds, description: 'From starting mpirun to the first message of rank 0.' }, quantiles('basisbench_launch_duration_seconds')),
  series('Attempts started', { unit: UNIT.perSecond, description: 'Gangs held per second.' },
    { started: 'sum(rate(basisbench_attempts_started_total[$__rate_interval]))' }),
];

const store = [
  series('Store write time', { unit: UNIT.seconds, description: 'Time of one durable write. Submissions and records wait for it.' }, quantiles('basisbench_store_write_seconds')),
  series('Store writes', { unit: UNIT.perSecond, description: 'Durable writes per second, and those the store refused or failed.' },
    { writes: 'sum(rate(basisbench_store_write_seconds_count[$__rate_interval]))', failed: 'sum(rate(basisbench_store_failures_total[$__rate_interval]))' }),
  series('Warnings and errors logged', { unit: UNIT.perSecond, description: 'Log lines per second at warning or error, by process.' },
    { '{{instance}} {{level}}': 'sum by (instance, level) (rate(basisbench_log_messages_total{level=~"warning|error"}[$__rate_interval]))' }),
];

const calls = [
  series('Time of a call, p99', { unit: UNIT.seconds, log: true, description: '99th percentile of the time a unary call of the API takes, by method. Streams, such as watching a job, are not in it.' },
    { '{{method}}': 'histogram_quantile(0.99, sum by (method, le) (rate(basisbench_rpc_duration_seconds_bucket[$__rate_interval])))' }),
  series('Calls', { unit: UNIT.perSecond, stack: true, description: 'Unary calls answered per second, by method.' },
    { '{{method}}': rate('basisbench_rpc_duration_seconds_count', 'method') }),
  series('Calls not answered with OK', { unit: UNIT.perSecond, stack: true, description: 'Unary calls per second that ended with an error, by method and status code. invalid_argument is a client’s mistake; unavailable and internal are the coordinator’s.' },
    { '{{method}} {{code}}': 'sum by (method, code) (rate(basisbench_rpc_duration_seconds_count{code!="ok"}[$__rate_interval]))' }),
];

const processes = [
  series('CPU', { unit: UNIT.number, decimals: 2, description: 'CPUs used by coordinator and daemons. Ranks are processes of their own and are not in it.' },
    { '{{instance}}': 'rate(process_cpu_seconds_total{job=~"basisbench-.*"}[$__rate_interval])' }),
  series('Resident memory', { unit: UNIT.bytes, description: 'Resident memory of coordinator and daemons, without ranks.' },
    { '{{instance}}': 'process_resident_memory_bytes{job=~"basisbench-.*"}' }),
  series('Open files', { unit: UNIT.ratio, description: 'Open file descriptors as a share of the process’s limit.' },
    { '{{instance}}': 'process_open_fds{job=~"basisbench-.*"} / process_max_fds' }),
];

export const overview = dashboard({
  uid: 'basisbench-overview', title: 'Basisbench: overview',
  description: 'Cluster, queue, leases, throughput and store of one Basisbench coordinator and its workers.',
  links: [{ title: 'One job', url: '/d/basisbench-job' }],
  annotations: [{ name: 'Worker lost', iconColor: 'red', expr: 'increase(basisbench_worker_losses_total[1m]) > 0', titleFormat: 'a worker was lost', step: '60s' }],
}, { Cluster: [...cluster, ...nodes], Queue: queue, Throughput: throughput, Leases: leases, Attempts: attempts, 'API calls': calls, 'Store and logs': store, Processes: processes });
