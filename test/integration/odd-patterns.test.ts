// What compiles here compiles in Envoy: of many odd patterns, those that are accepted, all in one configuration.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { staticRuntime } from '../../packages/control-plane/src/sidecar/bootstrap.ts';
import { compileRegex } from '../../packages/smi/src/regex.ts';
import { testEnvoy } from './local-harness.ts';

const envoy = await testEnvoy();
const rep = (text: string, times: number) => text.repeat(times);

/** Classes of Unicode, some of them newer than Envoy's tables. */
const classes = 'C Cc Cn LC L Lu Any Latin Common Greek Garay Alphabetic Math Emoji Ascii Unknown'
  .split(' ')
  .flatMap(name => [`\\p{${name}}`, `[\\P{${name}}]`, `\\p{^${name}}`]);

// biome-ignore format: one line a subject is easier to read
const patterns = [
  'a', '\\C', '\\x{10FFFF}', '\\x{ff}', '\\xff', 'é', '[é]', '(?i)a', '(?P<n>a)', '(?<n>a)', '(?P<n>a)(?P<n>b)',
  'a{1000}', 'a{1001}', '(a{1000}){2}', '((a{100}){10}){2}', '\\pN', '\\p{Greek}', '\\p{L}', '\\P{L}', '\\p{Latin}',
  '\\d\\b\\B', '\\A\\z', '\\Z', '\\Q*\\E', '\\Q*', 'a**', 'a*+', 'a++', 'a{2}{3}', '(?s).', '(?U)a+', '(?m)^a$',
  '[[:alpha:]]', '[[:word:]]', '[^[:^alpha:]]', '[z-a]', '[a', 'x{2,1}', 'x{,2}', 'x{', '{', '}', ']', '(?=a)',
  '\\1', '\\8', '\\01', '\\0', '\\x', '\\u0041', '\\a\\f\\t\\n\\r\\v', '\\_', '\\-', '\\e', '\\cA', '\\h', '\\K',
  '\\G', '\\R', '\\X', '(?#c)', '(?x) a', '(?-s).', '(?i-s:a)', '(|a)*', '(|a)+', '()', '(?:)', '^*', '$*', '\\b*',
  '(^)*', 'a|*', '|', '||', rep('(',500)+'a'+rep(')',500), rep('(',999)+'a'+rep(')',999),
  rep('(',1000)+'a'+rep(')',1000), rep('(?:',600)+'a'+rep(')',600), rep('(a',680)+rep(')',680), rep('a*',1000),
  rep('a?',1000), '[a-z]{1,1000}', '[^a]{1,1000}', '(.{1,100}){1,10}', '\\pL{1,100}', '\\p{Lu}{1,200}',
  '[\\pL\\pN]{1,100}', '(?i)'+'k'.repeat(10), '(?i)\\pL{50}', '(?i)ſ', '(?i)[k-ſ]', '\\x{017f}', '\\x{0000ff}',
  '\\x{100}', '\\x{0100}', '[\\x{80}-\\x{ff}]', '.*.*.*.*', '\u0000', 'a\u0000b', '\n', '\r', '\\x00',
  '[\\x00-\\x1f]', '\u007f', '(?i)é', '[à-ÿ]', '[^à]', '\\w{1,1000}', '(\\w{1,30}){1,30}', '(\\w{1,90}){1,90}',
  '((\\w{1,9}){1,9}){1,9}', '(((\\w{1,9}){1,9}){1,9}){1,2}', '\\pZ', '\\p{Nd}', '\\p{Any}', '\\p{Cn}', '\\pC',
  '\\p{^Greek}', '\\p{Han}', '\\p{Kawi}', '\\p{Cs}', '\\p{Co}', '\\pN{1,50}', '\\p{Garay}', '\\p{LC}', '\\p{ASCII}',
  '(?P=n)', '(?P>n)', '(?&n)', '[[.a.]]', '[[=a=]]', '[a-\\d]', '[\\d-z]', '[--a]', '[]a]', '[^]a]', '[a&&b]',
  '\\Qab\\E{2}', '(?i)\\Qab\\E', rep('|',1500), rep('a|',1000)+'a', rep('[a-c]',400), rep('(?i)',400)+'a', '\ud800',
  '\ufffd', 'x{0}', 'x{0,0}', '((a{1,1000}){0}b){3,}', '((a{1,1000}){0,0}b){3}', '(x{0}){1000}', '(x?){1000}', '((x?){30}){30}',
  ...classes,
];

test('Envoy takes every pattern that is accepted', { skip: envoy === undefined }, () => {
  const accepted = patterns.filter(pattern => !('error' in compileRegex(pattern)));
  assert.ok(accepted.length > 50 && accepted.length < patterns.length);
  assert.equal(complaint(accepted), '', 'all of them');
  assert.match(complaint([...accepted, '((']), /missing \)/, 'Envoy looks at each');
});

const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.filters.${name}` });

/** What Envoy says of a configuration with routes of these patterns; empty where it takes it. */
function complaint(regexes: readonly string[]): string {
  const routes = regexes.map(regex => ({ match: { safeRegex: { regex } }, directResponse: { status: 200 } }));
  const manager = {
    ...type('network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: 'odd',
    httpFilters: [{ name: 'router', typedConfig: type('http.router.v3.Router') }],
    routeConfig: { virtualHosts: [{ name: 'odd', domains: ['*'], routes }] },
  };
  const address = { socketAddress: { address: '127.0.0.1', portValue: 0 } };
  const filters = [{ name: 'http', typedConfig: manager }];
  const configuration = {
    staticResources: { listeners: [{ name: 'odd', address, filterChains: [{ filters }] }] },
    layeredRuntime: { layers: [{ name: 'static', staticLayer: staticRuntime() }] },
  };
  const args = ['--mode', 'validate', '-l', 'error', '--config-yaml', JSON.stringify(configuration)];
  const { status, stderr } = spawnSync(envoy ?? '', args, { encoding: 'utf8' });
  return status === 0 ? '' : stderr;
}
