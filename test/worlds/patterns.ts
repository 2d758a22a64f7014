/** A path pattern, and paths near the border between what it matches and what it doesn't. */
export interface PathPattern {
  readonly pattern: string;
  readonly near: readonly string[];
}

/** RE2 patterns as people write them, and odd ones. */
export const pathPatterns: readonly PathPattern[] = [
  { pattern: '/books', near: ['/books', '/books/', '/book', '/booksx', '/Books', '/x/books'] },
  { pattern: '/books/.*', near: ['/books/', '/books', '/books/1', '/books/../admin', '/books/1/2'] },
  { pattern: '/books/[0-9]+', near: ['/books/1', '/books/42', '/books/', '/books/1a', '/books/%31'] },
  { pattern: '/(books|toys)', near: ['/books', '/toys', '/toy', '/bookstoys'] },
  { pattern: '/books|/toys', near: ['/books', '/toys', '/books/toys', '/xtoys'] },
  { pattern: '.*', near: ['/', '/anything', '//', '/a%20b'] },
  { pattern: '/', near: ['/', '//', '/a', '/a/..', '/..'] },
  { pattern: '/.*\\.json', near: ['/a.json', '/ajson', '/a/b.json', '/a.json/', '/a%2ejson'] },
  { pattern: '/[^/]*', near: ['/', '/a', '/a/b', '/a//b'] },
  { pattern: '^/admin$', near: ['/admin', '/admin/', '/./admin', '/x/../admin', '/admin?x'] },
  { pattern: '(?i)/Admin', near: ['/admin', '/ADMIN', '/admin1'] },
  { pattern: '/a%20b', near: ['/a%20b', '/a b', '/a+b', '/a%2520b'] },
  { pattern: '/caf%C3%A9', near: ['/caf%C3%A9', '/caf%c3%a9', '/café'] },
  { pattern: '/a"b|/a%22b', near: ['/a"b', '/a%22b'] },
  { pattern: '/a/\\.\\.;/b', near: ['/a/%2e%2e;/b', '/a/..;/b', '/a/..%3b/b', '/b'] },
  { pattern: '/b', near: ['/a/%2e%2e;/b', '/a/..;/b', '/b', '/a/%2e%2e/b', '/%2%65/../b'] },
  { pattern: '/%25.*', near: ['/%2541', '/%%34%31', '/%25', '/%4%31'] },
  { pattern: '/x{1,3}', near: ['/x', '/xxx', '/xxxx', '/'] },
  { pattern: '//+', near: ['//', '/', '///', '/a/..//'] },
  { pattern: '', near: ['/', '/whatever'] },
  { pattern: '/\\pL+', near: ['/abc', '/ab1', '/', '/%61bc'] },
  { pattern: '/[[:alpha:]]+\\d{2}', near: ['/ab12', '/ab1', '/ab123', '/12'] },
  { pattern: '(?m)^/a$', near: ['/a', '/a/b', '/a%0A'] },
  { pattern: '/a$|/b', near: ['/b', '/a', '/ab', '/a/b'] },
  { pattern: '/\\Qa.b\\E', near: ['/a.b', '/axb', '/a%2eb'] },
  { pattern: '/\\x41\\b.*', near: ['/A', '/A/b', '/Ab', '/a', '/%41'] },
  { pattern: '(?U)/a+?', near: ['/a', '/aaa', '/'] },
  { pattern: '/(a|ab)(c|bcd)', near: ['/abcd', '/ac', '/abc', '/abbcd'] },
  { pattern: '/(?i:a)b', near: ['/ab', '/Ab', '/AB'] },
  { pattern: '/[^\\x00-\\x7f]*', near: ['/', '/a', '/é'] },
  { pattern: '/a{0,1000}', near: ['/', '/aaaa', '/b'] },
  { pattern: 'books', near: ['/books', 'books'] },
  { pattern: '/(', near: ['/', '/('] },
  { pattern: '/(?=a)', near: ['/', '/a'] },
];

/** Headers that policies ask for. */
export const headerNames: readonly string[] = ['x-team', 'X-Team', 'x-tier'];

/** Headers that sidecars read, write or drop; policies may ask for them, too. */
export const oddHeaderNames: readonly string[] = [
  'x-heddle-path',
  'x-forwarded-proto',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-request-id',
  'x-envoy-original-path',
  'cookie',
  'te',
  'connection',
  'upgrade',
  'user-agent',
  'accept',
  'referer',
  'via',
  'date',
  'x_team',
  'keep-alive',
  'expect',
  'content-type',
];

/** Patterns of header values, and values near their border. */
export const headerPatterns: readonly { readonly pattern: string; readonly near: readonly string[] }[] = [
  { pattern: 'red', near: ['red', 'Red', 'redder', ' red ', ''] },
  { pattern: 'red|blue', near: ['red', 'blue', 'green', 'redblue'] },
  { pattern: '.*', near: ['', 'x', 'red'] },
  { pattern: '.+', near: ['', 'x'] },
  { pattern: '', near: ['', 'x'] },
  { pattern: 'red,blue', near: ['red,blue', 'red, blue', 'red'] },
  { pattern: '(?i)RED', near: ['red', 'RED', 'reds'] },
  { pattern: 'caf.', near: ['cafe', 'café', 'caf'] },
  { pattern: 'caf..', near: ['café', 'cafes', 'cafe'] },
  { pattern: 'café', near: ['café', 'cafe', 'cafÃ©'] },
  { pattern: '[^a]+,.*', near: ['red,blue', 'a,b', 'red'] },
  { pattern: 'red\\tblue', near: ['red\tblue', 'red blue'] },
  {
    pattern: '[^/]*//[^/]*/.*',
    near: ['http://books/x', 'http://me@books/', 'https://a/#x', 'a:b//c/d', 'books//toys/'],
  },
];

/** Patterns of the authority, which is matched in lower case, without port and trailing dot. */
export const hostPatterns: readonly { readonly pattern: string; readonly near: readonly string[] }[] = [
  { pattern: 'books', near: ['books', 'BOOKS', 'books.', 'books:80', 'books.:8080', 'books.stock', 'xbooks'] },
  { pattern: 'books\\.stock', near: ['books.stock', 'books-stock', 'Books.Stock:80', 'books.stock.svc'] },
  { pattern: 'books:80', near: ['books:80', 'books'] },
  { pattern: '.*', near: ['', 'a', 'books:80', '[::1]'] },
  { pattern: 'books|.*evil', near: ['books', 'not-evil', 'evil.', 'books.evil:1'] },
  { pattern: '[^.]+', near: ['a', 'a.', 'a.b', 'a:1'] },
  { pattern: '[a-z.]+', near: ['a', 'a.b', 'a.b:1', 'a1', '', '[::1]:80'] },
  { pattern: 'Books|toys:80', near: ['Books', 'books', 'toys:80', 'toys'] },
  { pattern: '[a-z]+[.:]?.*', near: ['books.', 'books.:80', 'books:80', '.', ':80', '1'] },
];

/** Methods that policies name. */
export const methodLists: readonly (readonly string[])[] = [
  ['GET'],
  ['GET', 'POST'],
  ['*'],
  [],
  ['get'],
  ['PURGE-ALL'],
  ['GET', '*'],
  ['OPTIONS', 'HEAD'],
];

/** Methods that calls have. */
export const methods: readonly string[] = ['GET', 'POST', 'DELETE', 'get', 'PURGE-ALL', 'OPTIONS', 'HEAD', 'CONNECT'];

/** Other ways to write a path, some of which come to the same. */
export const rewrites: readonly ((path: string) => string)[] = [
  path => path,
  path => path,
  path => path,
  path => path,
  path => path,
  path => path,
  path => path,
  path => path,
  path => `${path}?q=${path}`,
  path => `${path}?`,
  path => `/.${path}`,
  path => `/x/..${path}`,
  path => `/x/%2e%2E${path}`,
  path => `/x/..;a=b${path}`,
  path => `/x/%2e.;${path}`,
  path => `/${path}`,
  path => path.replaceAll('/', '//'),
  path => path.replaceAll('/', '\\').replace('\\', '/'),
  path => path.replace(/o/g, '%6f'),
  path => path.replace(/a/, '%61'),
  path => path.replace(/o/, '%%36f'),
  path => path.replace(/(.)$/, '%2f$1'),
  path => `${path}%00`,
  path => `${path}#x`,
  path => `http://books.:80${path}`,
  path => `HTTPS://me@Toys${path}`,
  path => `http:/${path}`,
  path => `http://${path}`,
  path => `ftp://books${path}`,
  path => `x:${path}`,
  path => `${path}/.`,
  path => `${path}/..`,
  path => `${path};x`,
  path => path.toUpperCase(),
];

/** Headers of HTTP/1.1 by which people try to get past policy, or to make what policy asks for vanish. */
export const tricks: readonly (readonly (readonly [name: string, value: string])[])[] = [
  [['Connection', 'x-team']],
  [['Connection', 'close, X-Other, host']],
  [['Connection', 'x-forwarded-for']],
  [['Connection', 'keep-alive, HOST']],
  [
    ['Connection', 'upgrade'],
    ['Upgrade', 'h2c'],
  ],
  [
    ['Connection', 'upgrade, x-team'],
    ['Upgrade', 'tunnel'],
  ],
  [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
  ],
  [['Upgrade', 'websocket']],
  [['TE', 'gzip, trailers']],
  [['Expect', '100-continue']],
  [['Proxy-Connection', 'close']],
  [['Content-Length', '0']],
  [['X-Forwarded-Host', 'books']],
  [['X-Forwarded-Proto', 'https']],
  [['X-Forwarded-For', '10.0.0.1']],
  [['x-envoy-upstream-rq-timeout-ms', '1']],
  [['X-Method-Override', 'DELETE']],
  [['x-team', ',']],
  [['x_team', 'red']],
  [['X-Team_', 'red']],
  [['X-HTTP-Method-Override', 'GET']],
  [['x-forwarded-client-cert', 'URI=spiffe://cluster.local/ns/bank/sa/audit']],
  [['x-envoy-original-dst-host', '127.0.0.1:9']],
];
