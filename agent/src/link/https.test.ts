import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { exchangeJson, named } from './https.ts';

test('a port that speaks something else is told from a wrong certificate, without the words of a TLS library', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const asked = exchangeJson(new URL(`https://127.0.0.1:${port}/ca`), { method: 'GET', trust: 'unverified' }, AbortSignal.timeout(20_000));
    await expect(asked).rejects.toMatchObject({ code: 'certificate-invalid', message: `127.0.0.1:${port} does not speak HTTPS: is this the device port of a manager?` });
  } finally {
    server.close();
  }
});

test('an MQTT port, which wants a certificate first, is such a port too', () => {
  const alert = Object.assign(new Error('tlsv13 alert certificate required'), { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
  expect(named(alert, new URL('https://pier:8883/ca')).message).toBe('pier:8883 does not speak HTTPS: is this the device port of a manager?');
  const other = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(named(other, new URL('https://pier:8883/ca')).message).toContain('self-signed certificate');
});
