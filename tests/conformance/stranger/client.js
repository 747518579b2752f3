// A consumer's node that knows docs/protocols alone: asks over a trunk, checks every answer itself, prints JSON.
'use strict';
const hold = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const tls = require('tls');

const HELLO = 1, REQUESTS = 2, ANSWERS = 3, FAULT = 4, PING = 6, PONG = 7, BYE = 8;
const NO_BODY = 0xffffffff, FRAME_MAX = 4 << 20, MESSAGES_MAX = 256, IN_FLIGHT_MAX = 4096;
const PART_MAX = 45056, BODY_MAX = 256 << 10, VALUE_MAX = 72, TIME_END = 1e15, WINDOW_MS = 300000;
const C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const DS = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"';
const SHA256 = 'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"';

const digest = (name, ...pieces) => crypto.createHash(name).update(Buffer.concat(pieces)).digest();
const sha256 = (...pieces) => digest('sha256', ...pieces);
const uint = (size, value) => Buffer.from(BigInt(value).toString(16).padStart(2 * size, '0'), 'hex');
const frame = (kind, ...pieces) => Buffer.concat([uint(4, 1 + Buffer.concat(pieces).length), uint(1, kind), ...pieces]);

// signature.md, "Leaf". Only an answer has a request leaf.
function leaf({ part, body }, requestLeaf) {
  const name = requestLeaf ? 'sha256' : 'sha512', kind = requestLeaf ? [2, 1] : [1, 2];
  const bodyDigest = body ? [uint(1, 1), digest(name, body)] : [uint(1, 0)];
  const head = [Buffer.from('\0lienthong leaf 1\n'), Buffer.from(kind), digest(name, part)];
  return sha256(...head, ...bodyDigest, ...(requestLeaf ? [requestLeaf] : []));
}

// RFC 6962, section 2.1; the leaves are digests already.
function root(leaves) {
  if (leaves.length === 1) return leaves[0];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(uint(1, 1), root(leaves.slice(0, split)), root(leaves.slice(split)));
}

// signed-info.md, "A batch".
function signedInfo(leaves, certificateDigest, time) {
  const batch = `lienthong batch 1\n${leaves.length}\n${root(leaves).toString('base64')}\n`;
  const properties = '<xades:SignedProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Id="signed-properties">'
    + `<xades:SignedSignatureProperties><xades:SigningTime>${new Date(time).toISOString()}</xades:SigningTime>`
    + `<xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod ${DS} ${SHA256}></ds:DigestMethod>`
    + `<ds:DigestValue ${DS}>${certificateDigest.toString('base64')}</ds:DigestValue></xades:CertDigest></xades:Cert>`
    + '</xades:SigningCertificateV2></xades:SignedSignatureProperties><xades:SignedDataObjectProperties>'
    + '<xades:DataObjectFormat ObjectReference="#ref-batch"><xades:MimeType>text/plain</xades:MimeType>'
    + '</xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>';
  const digested = (content) => `<ds:DigestMethod ${SHA256}></ds:DigestMethod><ds:DigestValue>`
    + `${sha256(Buffer.from(content)).toString('base64')}</ds:DigestValue></ds:Reference>`;
  return Buffer.from(
    `<ds:SignedInfo ${DS}><ds:CanonicalizationMethod Algorithm="${C14N}"></ds:CanonicalizationMethod>`
    + '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod>'
    + `<ds:Reference Id="ref-batch" URI="batch.txt">${digested(batch)}`
    + '<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#signed-properties"><ds:Transforms>'
    + `<ds:Transform Algorithm="${C14N}"></ds:Transform></ds:Transforms>${digested(properties)}</ds:SignedInfo>`);
}

function requestsFrame(requests, certificate, key, remainingMs) {
  const named = sha256(certificate.raw), time = Date.now();
  const value = crypto.sign('sha256', signedInfo(requests.map((one) => one.leaf), named, time), key);
  const messages = requests.flatMap(({ number, part, body }) => [
    ...[number, remainingMs, part.length, body ? body.length : NO_BODY].map((field) => uint(4, field)),
    part, body || Buffer.alloc(0)]);
  return frame(REQUESTS, uint(2, requests.length), named, uint(8, time), uint(1, value.length), value, ...messages);
}

// The payload of an ANSWERS frame: its signature, and messages {number, part, body} or {leaf}.
function readAnswers(payload) {
  let at = 0;
  const take = (size) => {
    hold(at + size <= payload.length, 'a frame ends too early');
    return payload.subarray(at, at += size);
  };
  const number = (size) => Number(`0x${take(size).toString('hex')}`);
  const count = number(2), named = take(32), time = number(8), value = take(number(1)), messages = [];
  const counted = count >= 1 && count <= MESSAGES_MAX, valued = value.length >= 1 && value.length <= VALUE_MAX;
  hold(counted && valued && time > 0 && time < TIME_END, 'the head of a frame');
  for (let index = 0; index < count; index += 1) {
    const [asked, partLength, bodyLength] = [number(4), number(4), number(4)], hasBody = bodyLength !== NO_BODY;
    if (asked === 0 && partLength === 0) {
      hold(!hasBody, 'a leaf with a body');
      messages.push({ leaf: take(32) });
    } else {
      hold(partLength >= 1 && partLength <= PART_MAX, 'the length of a header part');
      hold(!hasBody || (bodyLength >= 1 && bodyLength <= BODY_MAX), 'the length of a body');
      hold(messages.every((one) => one.number !== asked), 'a request is answered twice');
      messages.push({ number: asked, part: take(partLength), body: hasBody ? take(bodyLength) : null });
    }
  }
  hold(at === payload.length, 'a frame goes on after its messages');
  return { named, time, value, messages };
}
const lines = ({ part }) => part.toString('utf8').split('\r\n').slice(0, -1);
function header(message, name) {
  const found = lines(message).slice(2).filter((line) => line.toLowerCase().startsWith(`${name}:`));
  return found.length === 1 ? found[0].slice(name.length + 1) : undefined;
}

// The five lines that bind an answer to its request (node-to-node.md).
function fits(answer, request) {
  const digests = [request.part, ...(request.body ? [request.body] : [])].map((one) => digest('sha512', one));
  const repeated = ['x-road-id', 'x-road-client', 'x-road-request-id'].map((name) => [name, header(request, name)]);
  const service = lines(request)[1].split('?')[0].split('/').slice(2, 7).join('/');
  const hash = digests.length === 1 ? digests[0] : digest('sha512', ...digests);
  return [...repeated, ['x-road-service', service], ['x-road-request-hash', hash.toString('base64')]]
    .every(([name, value]) => header(answer, name) === value);
}

function refusal({ named, time, value }, leaves, certificates) {
  const signer = certificates.find((one) => sha256(one.raw).equals(named));
  if (!signer || time < Date.parse(signer.validFrom) || time >= Date.parse(signer.validTo)) return 'CertValidation';
  if (Math.abs(Date.now() - time) > WINDOW_MS) return 'MessageExpired';
  const proven = crypto.verify('sha256', signedInfo(leaves, named, time), signer.publicKey, value);
  return proven ? null : 'InvalidSignatureValue';
}

// What the opener checks, in the order of trunk.md; gives what became of each answer.
function believe(answers, inFlight, certificates) {
  const asked = answers.messages.map((one) => one.leaf || inFlight.get(one.number));
  hold(asked.every(Boolean), 'an answer to what was not asked');
  const leaves = answers.messages.map((one, index) => one.leaf || leaf(one, asked[index].leaf));
  const refused = refusal(answers, leaves, certificates);
  return answers.messages.flatMap((one, index) => {
    if (one.leaf) return [];
    const error = refused || (fits(one, asked[index]) ? null : 'InconsistentResponse');
    if (error) return [{ number: one.number, error }];
    const [status, ...headers] = lines(one), body = one.body && one.body.toString('utf8');
    return [{ number: one.number, status: Number(status), headers, body, together: leaves.length }];
  });
}

function main(settings, read = fs.readFileSync) {
  const certificate = new crypto.X509Certificate(read(settings.sign_certificate));
  const services = settings.service_certificates.map((name) => new crypto.X509Certificate(read(name)));
  const requests = settings.requests.map((one, index) => {
    const part = Buffer.from(one.lines.map((line) => `${line}\r\n`).join(''));
    const message = { number: index + 1, part, body: one.body ? Buffer.from(one.body) : null };
    return { ...message, leaf: leaf(message) };
  });
  const inFlight = new Map(requests.map((one) => [one.number, one])), results = [];
  let data = Buffer.alloc(0), opened = false, greeted = false, finished = false;
  const channel = { cert: read(settings.tls_certificate), key: read(settings.tls_key), minVersion: 'TLSv1.3' };
  const socket = tls.connect({ host: settings.host, port: settings.port, rejectUnauthorized: false, ...channel });
  const finish = (ended) => {
    if (finished) return;
    finished = true;
    inFlight.forEach((_, number) => results.push({ number, error: 'OutcomeUnknown' }));
    process.stdout.write(`${JSON.stringify({ results, ended })}\n`);
    socket.end(frame(BYE, uint(2, ended ? 1 : 0)), () => socket.destroy());
  };
  const done = (found) => {
    results.push(...found);
    found.forEach((one) => inFlight.delete(one.number));
    if (inFlight.size === 0) finish(null);
  };
  const take = (kind, payload) => {
    hold(greeted === (kind !== HELLO), 'HELLO comes first, and once');
    if (kind === HELLO) {
      hold(payload.length === 12 && payload.readUInt16BE() === 1, 'another version');
      greeted = true;
      socket.write(frame(HELLO, uint(2, 1), uint(4, FRAME_MAX), uint(2, MESSAGES_MAX), uint(4, IN_FLIGHT_MAX)));
      socket.write(requestsFrame(requests, certificate, read(settings.sign_key), settings.remaining_ms));
    } else if (kind === ANSWERS) done(believe(readAnswers(payload), inFlight, services));
    else if (kind === FAULT) {
      hold(payload.length >= 6 && inFlight.has(payload.readUInt32BE()), 'a FAULT for nothing');
      done([{ number: payload.readUInt32BE(), fault: payload.readUInt16BE(4), document: payload.toString('utf8', 6) }]);
    } else if (kind === PING) socket.write(frame(PONG, payload));
    else hold(kind === PONG || (kind === BYE && payload.equals(uint(2, 0))), `a frame of kind ${kind}`);
  };
  const fed = () => {
    const end = data.indexOf('\r\n\r\n');
    hold(opened || end >= 0 || data.length < 4096, 'an answer without an end');
    if (!opened && end >= 0) {
      hold(data.toString('latin1').startsWith('HTTP/1.1 101 '), 'the baseline');
      opened = true;
      data = data.subarray(end + 4);
    }
    while (opened && !finished && data.length >= 5) {
      const size = 4 + data.readUInt32BE(), kind = data[4];
      hold(size > 4 && size <= 4 + FRAME_MAX, 'the length of a frame');
      if (data.length < size) return;
      const payload = data.subarray(5, size);
      data = data.subarray(size);
      take(kind, payload);
    }
  };
  socket.on('secureConnect', () => { // The directory names the channel's certificate.
    const digested = sha256(socket.getPeerCertificate().raw).toString('hex'), head = ['GET /trunk HTTP/1.1'];
    head.push(`Host: ${settings.host}`, 'Connection: Upgrade', 'Upgrade: lienthong-trunk/1', '\r\n');
    if (digested === settings.tls_digest) socket.write(head.join('\r\n')); else finish('another node');
  });
  socket.on('data', (piece) => {
    data = Buffer.concat([data, piece]);
    try { fed(); } catch (error) { finish(error.message); }
  });
  socket.on('error', (error) => finish(error.code || error.message));
  socket.on('close', () => finish('the connection ended'));
  setTimeout(() => finish('the time is over'), settings.remaining_ms + 1000).unref();
}

main(JSON.parse(fs.readFileSync(0, 'utf8')));
