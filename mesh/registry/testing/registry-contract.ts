// The contract of a registry with both ends. What is promised to readers is
// tested as for any directory, with a registrar to publish by.

import { describe } from "node:test";
import { encodeInstance, type Instance, State } from "../../../core/index.ts";
import type { Registrar, Registration } from "../index.ts";
import { type ContractOptions, createDefine } from "./contract.ts";
import { directoryContract } from "./directory-contract.ts";
import { defineRegistrationTests } from "./registration-tests.ts";
import { Stage } from "./stage.ts";
import type { DirectorySubject, RegistrySubject } from "./subject.ts";

/**
 * Define the tests of a registry. Call it in a file that `node --test` runs.
 */
export function registryContract(
  options: ContractOptions<RegistrySubject>,
): void {
  const define = createDefine(
    options,
    (subject: RegistrySubject) => new Stage(subject, options.timeoutMs),
  );
  void describe(`${options.name} as a registry`, () => {
    defineRegistrationTests(define);
  });
  const create = async () => toDirectorySubject(await options.create());
  directoryContract({ ...options, create });
}

function toDirectorySubject(subject: RegistrySubject): DirectorySubject {
  const registrar = subject.createRegistrar();
  return {
    createDirectory: () => subject.createDirectory(),
    publish: createPublish(registrar),
    ...(subject.outage && { outage: subject.outage }),
    async [Symbol.asyncDispose]() {
      await registrar.close();
      await subject[Symbol.asyncDispose]();
    },
  };
}

function createPublish(registrar: Registrar): DirectorySubject["publish"] {
  const published = new Map<string, Registration>();
  return async (instances) => {
    const wanted = new Map(instances.map((i) => [encodeInstance(i), i]));
    for (const [key, registration] of published) {
      if (wanted.has(key)) continue;
      published.delete(key);
      await registration.close();
    }
    for (const [key, instance] of wanted) {
      if (published.has(key)) continue;
      published.set(key, await register(registrar, instance));
    }
  };
}

async function register(
  registrar: Registrar,
  instance: Instance,
): Promise<Registration> {
  const draining = instance.state === State.DRAINING;
  const registration = registrar.register(
    draining ? { ...instance, state: State.SERVING } : instance,
  );
  await registration.registered;
  if (draining) await registration.drain();
  return registration;
}
