import { type Condition, type ConditionType, defaultSettings } from '@heddle/mesh';
import type { MeshStatus } from '../../api/mesh-status.ts';
import type { WouldBeDenied } from '../run/would-be-denied.ts';
import type { Paint } from './paint.ts';

/**
 * The workloads of a mesh: name, identity, pods, sidecars, readiness; their modes, where any is not the default, and what
 * sidecars have let in that policy would deny, by key of the workload, where any is in `audit`.
 */
export function workloadTable(
  { workloads }: Pick<MeshStatus, 'workloads'>,
  paint: Paint,
  wouldBeDenied: ReadonlyMap<string, WouldBeDenied> = new Map(),
): string {
  const rows = workloads.map(({ namespace, name, identity, modes, pods, ready, inSync }) => ({
    cells: [
      `${namespace}/${name}`,
      identity,
      String(pods),
      inSync === pods ? paint('green', 'in sync') : paint('yellow', `${inSync} of ${pods} in sync`),
      ready === pods ? paint('green', 'yes') : paint('yellow', `${ready} of ${pods}`),
    ],
    modes: paint('yellow', modesOf(modes)),
    denied: modes.policy === 'audit' ? deniedCell(wouldBeDenied.get(`${namespace}/${name}`), paint) : '',
  }));
  const withModes = workloads.some(({ modes }) => modesOf(modes) !== '');
  const withDenied = wouldBeDenied.size > 0 && rows.some(({ denied }) => denied !== '');
  const more = (modes: string, denied: string) => [...(withModes ? [modes] : []), ...(withDenied ? [denied] : [])];
  return tableOf([
    ['WORKLOAD', 'IDENTITY', 'PODS', 'SIDECAR', 'READY', ...more('MODES', 'WOULD BE DENIED')],
    ...rows.map(({ cells, modes, denied }) => [...cells, ...more(modes, denied)]),
  ]);
}

/** Those that are not the default. */
function modesOf(modes: MeshStatus['workloads'][number]['modes']): string {
  const names = ['mtls', 'policy', 'egress'] as const;
  return names.flatMap(name => (modes[name] === defaultSettings[name] ? [] : `${name} ${modes[name]}`)).join(', ');
}

function deniedCell(denied: WouldBeDenied | undefined, paint: Paint): string {
  if (denied === undefined) return '';
  const { requests, connections } = denied;
  if (requests + connections === 0) return paint('green', 'none');
  const parts = [plural(requests, 'request'), plural(connections, 'connection')].filter(part => !part.startsWith('0 '));
  return paint('yellow', parts.join(', '));
}

function plural(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** Each sidecar: whether it is connected and has acknowledged everything, and since when. */
export function sidecarTable({ sidecars }: Pick<MeshStatus, 'sidecars'>, paint: Paint, now: Date): string {
  const rows = sidecars.map(({ namespace, pod, connected, inSync, since, rejected }) => [
    `${namespace}/${pod}`,
    connected ? paint('green', 'yes') : paint('red', 'no'),
    inSync ? paint('green', 'in sync') : rejected.length > 0 ? paint('red', 'rejected') : paint('yellow', 'behind'),
    since === null ? '' : ageOf(now.getTime() - Date.parse(since)),
    rejected.map(({ name, message }) => `${name}: ${message}`).join('; '),
  ]);
  return tableOf([['SIDECAR', 'CONNECTED', 'SYNC', 'SINCE', 'REJECTED'], ...rows]);
}

/** Pods that are not ready, and why; empty where all are. */
export function unreadyTable({ unready }: Pick<MeshStatus, 'unready'>, paint: Paint): string {
  if (unready.length === 0) return '';
  const rows = unready.map(({ namespace, name, state, message, restarts }) => [
    `${namespace}/${name}`,
    paint(state === 'failing' || state === 'refused' ? 'red' : 'yellow', state),
    String(restarts),
    message,
  ]);
  return tableOf([['NOT READY', 'STATE', 'RESTARTS', 'WHY'], ...rows]);
}

/** Parts of the controller whose last pass failed, a line each. */
export function failureLines({ failing }: Pick<MeshStatus, 'failing'>, paint: Paint): string {
  return failing
    .map(({ part, message }) => `${paint('red', `${part} failed`)}, what was in force stays: ${message}`)
    .join('\n');
}

/**
 * Each object of policy: whether it is accepted, all that it names is there and no other is in its place; how many of the
 * sidecars that it concerns have it, and since when that is so.
 */
export function objectTable({ objects }: Pick<MeshStatus, 'objects'>, paint: Paint, now: Date): string {
  const rows = objects.map(({ kind, namespace, name, programmed, reasons, conditions }) => {
    const { Accepted, ResolvedRefs, Conflicted, Programmed } = byType(conditions);
    return [
      `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`,
      statusCell(Accepted, 'True', paint),
      statusCell(ResolvedRefs, 'True', paint),
      statusCell(Conflicted, 'False', paint),
      paint(
        Programmed?.status === 'True' ? 'green' : 'yellow',
        `${programmed.acknowledged} of ${programmed.concerned}`,
      ),
      Programmed === undefined ? '' : ageOf(now.getTime() - Date.parse(Programmed.lastTransitionTime)),
      reasons.join(', '),
    ];
  });
  return tableOf([['OBJECT', 'ACCEPTED', 'REFS', 'CONFLICTED', 'PROGRAMMED', 'SINCE', 'FINDINGS'], ...rows]);
}

function byType(conditions: readonly Condition[]): Partial<Record<ConditionType, Condition>> {
  return Object.fromEntries(conditions.map(condition => [condition.type, condition]));
}

const words: Readonly<Record<Condition['status'], string>> = { True: 'yes', False: 'no', Unknown: 'unknown' };

function statusCell(condition: Condition | undefined, good: Condition['status'], paint: Paint): string {
  if (condition === undefined) return '';
  const color = condition.status === good ? 'green' : condition.status === 'Unknown' ? 'yellow' : 'red';
  return paint(color, words[condition.status]);
}

// oxlint-disable-next-line no-control-regex -- colours take no room
const colors = /\u001B\[[0-9;]*m/g;

/** Rows with their columns aligned; colours take no room. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
  return rows
    .map(row =>
      row
        .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - width(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function width(cell: string): number {
  return cell.replace(colors, '').length;
}

/** An age as Kubernetes' tools show it: `12s`, `5m`, `3h`, `2d`. */
export function ageOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
