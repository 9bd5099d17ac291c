/**
 * Loaded into the product and, through NODE_OPTIONS, into every Node.js process that it starts: writes each connection,
 * name lookup and started program as a line of JSON into EGRESS_FILE. With EGRESS_BLOCK nothing leaves this machine.
 */
const { appendFileSync } = require('node:fs');
const net = require('node:net');
const dns = require('node:dns');
const dgram = require('node:dgram');
const { basename } = require('node:path');
const { ChildProcess } = require('node:child_process');

const note = (entry) => appendFileSync(process.env.EGRESS_FILE, `${JSON.stringify(entry)}\n`);
const isLoopback = (host) => /^(localhost|127(\.\d+){3}|::1|\[::1\])$/.test(host);

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const [{ path, host = 'localhost', port }] = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args);
  if (path) return connect.apply(this, args);
  note({ host, port: Number(port) });
  if (isLoopback(host) || !process.env.EGRESS_BLOCK) return connect.apply(this, args);
  const refused = Object.assign(new Error(`blocked: ${host}`), { code: 'ECONNREFUSED' });
  process.nextTick(() => this.destroy(refused));
  return this;
};

for (const owner of [dns, dns.promises])
  for (const [name, original] of Object.entries(owner))
    if (/^(lookup|resolve)/.test(name) && typeof original === 'function')
      owner[name] = function (host, ...rest) {
        note({ host });
        return original.call(this, host, ...rest);
      };

for (const name of ['connect', 'send']) {
  const original = dgram.Socket.prototype[name];
  dgram.Socket.prototype[name] = function (...args) {
    note({ host: `udp:${args.find((arg) => typeof arg === 'string') ?? 'connected'}` });
    return original.apply(this, args);
  };
}

const { spawn } = ChildProcess.prototype;
ChildProcess.prototype.spawn = function (options) {
  note({ program: basename(options.file) });
  return spawn.call(this, options);
};
