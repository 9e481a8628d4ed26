// etcd over TLS: who trusts whom, and what is said when they do not.

import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import {
  createEtcdDirectory,
  createEtcdRegistrar,
  type EtcdTlsOptions,
} from "../../../mesh/registry/index.ts";
import {
  type Certificates,
  makeCertificates,
} from "../../support/certificates.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import {
  collectFailures,
  createEnds,
  instance,
  passThrough,
} from "./support.ts";

suite("etcd over TLS", { timeout: 60_000 }, () => {
  let certificates: Certificates;
  let lenient: TestEtcd;
  let strict: TestEtcd;
  let plain: TestEtcd;
  before(async () => {
    certificates = await makeCertificates();
    const tls = { caFile: certificates.caFile, ...certificates.server };
    lenient = await startEtcd({ tls });
    strict = await startEtcd({ tls: { ...tls, requireClientCert: true } });
    plain = await startEtcd();
  });
  after(async () => {
    for (const each of [lenient, strict, plain, certificates])
      await each?.[Symbol.asyncDispose]();
  });

  test("a CA of our own is trusted when its file is given", async () => {
    const { caFile } = certificates;
    await using ends = createEnds({
      hosts: [lenient.address],
      tls: { caFile },
    });
    await passThrough(ends, "a");
  });

  test("https:// before the address says TLS as well", async () => {
    const { caFile } = certificates;
    await using ends = createEnds({ hosts: [lenient.url], tls: { caFile } });
    await passThrough(ends, "b");
  });

  test("a client certificate is shown to an etcd that asks for one", async () => {
    const { caFile, client } = certificates;
    const tls = { caFile, ...client };
    await using ends = createEnds({ hosts: [strict.address], tls });
    await passThrough(ends, "c");
  });

  interface Refusal {
    readonly what: string;
    readonly etcd: () => TestEtcd;
    readonly tls: () => EtcdTlsOptions | undefined;
    readonly says: RegExp;
  }
  const refusals: readonly Refusal[] = [
    {
      what: "another CA's certificate",
      etcd: () => lenient,
      tls: () => ({ caFile: certificates.otherCaFile }),
      says: /shows a certificate of an authority that we do not trust/,
    },
    {
      what: "our CA's certificate, where only Node's authorities count,",
      etcd: () => lenient,
      tls: () => ({}),
      says: /shows a certificate of an authority that we do not trust/,
    },
    {
      what: "a missing client certificate",
      etcd: () => strict,
      tls: () => ({ caFile: certificates.caFile }),
      says: /asks for a client certificate that it trusts/,
    },
    {
      what: "an expired client certificate",
      etcd: () => strict,
      tls: () => ({ caFile: certificates.caFile, ...certificates.expired }),
      says: /asks for a client certificate that it trusts/,
    },
    {
      what: "another CA's client certificate",
      etcd: () => strict,
      tls: () => ({ caFile: certificates.caFile, ...certificates.foreign }),
      says: /asks for a client certificate that it trusts/,
    },
    {
      what: "TLS at an etcd without",
      etcd: () => plain,
      tls: () => ({ caFile: certificates.caFile }),
      says: /does not answer over TLS/,
    },
    {
      what: "plain text at an etcd with TLS",
      etcd: () => lenient,
      tls: () => undefined,
      says: /maybe it wants TLS/,
    },
  ];
  for (const { what, etcd, tls, says } of refusals) {
    test(`${what} is refused, and both ends say so`, async () => {
      using failures = collectFailures();
      const hosts = [etcd().address];
      await using ends = createEnds({ hosts, tls: tls() });
      const registration = ends.registrar.register(instance("refused"));
      registration.registered.catch(() => {});
      for (const role of ["registrar", "directory"] as const) {
        const { reason } = await failures.of(role);
        assert.match(reason.message, says);
        assert.match(reason.message, new RegExp(`^etcd at ${hosts[0]} .+$`));
      }
      assert.equal(ends.directory.snapshot.freshness, "never");
    });
  }

  test("an expired certificate of etcd is refused", async () => {
    const { caFile, expired } = certificates;
    // etcdctl would refuse it too, and startEtcd() with it: it is put there
    // when the server runs, which reads its files for each connection.
    const live = await certificates.issue("server");
    await using etcd = await startEtcd({ tls: { caFile, ...live } });
    await copyFile(expired.certFile, live.certFile);
    await copyFile(expired.keyFile, live.keyFile);
    using failures = collectFailures();
    await using _ends = createEnds({ hosts: [etcd.address], tls: { caFile } });
    const { reason } = await failures.of("directory");
    assert.match(reason.message, /shows a certificate that has expired/);
  });

  test("files are read again for a new connection", async () => {
    const { client, foreign, caFile } = certificates;
    const dir = dirname(caFile);
    const files = { certFile: join(dir, "x.crt"), keyFile: join(dir, "x.key") };
    await copyFile(foreign.certFile, files.certFile);
    await copyFile(foreign.keyFile, files.keyFile);
    using failures = collectFailures();
    const tls = { caFile, ...files };
    await using ends = createEnds({ hosts: [strict.address], tls });
    await failures.of("directory");
    await copyFile(client.certFile, files.certFile);
    await copyFile(client.keyFile, files.keyFile);
    await passThrough(ends, "rotated");
  });

  test("files that can't be used are a usage error at once", () => {
    const { caFile, client, server } = certificates;
    const hosts = [strict.address];
    const { certFile } = client;
    const table: readonly [EtcdTlsOptions, RegExp][] = [
      [{ caFile: "/no/such/file" }, /can't read \/no\/such\/file/],
      [{ caFile: client.keyFile }, /can't use .*: it holds no certificate/],
      [{ certFile }, /must be given together/],
      [{ keyFile: client.keyFile }, /must be given together/],
      [{ certFile, keyFile: certFile }, /can't use .*\.crt/],
      [{ certFile, keyFile: server.keyFile }, /key values mismatch/],
      [{ caFile, certFile: "/nope", keyFile: "/nope" }, /can't read \/nope/],
    ];
    for (const [tls, message] of table) {
      const expected = { code: "ERR_USAGE", message };
      assert.throws(() => createEtcdDirectory({ hosts, tls }), expected);
      assert.throws(() => createEtcdRegistrar({ hosts, tls }), expected);
    }
  });
});
