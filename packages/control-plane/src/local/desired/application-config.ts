/** Whether a pod asks for what the mesh tells applications, and where it gets it. Pure. */
import { annotations } from '@heddle/smi';
import { applicationFile } from '../../sidecar/application-file.ts';
import type { Container, Volume } from '../pod.ts';
import type { PodReading } from './pod-reading.ts';

const { appConfig } = annotations;
const yes = ['enabled', 'true', 'yes'];
const no = ['disabled', 'false', 'no'];

/** Whether a pod, or else its namespace, says so; what can't be read says nothing, and is said. */
export function asksForConfig(reading: PodReading): boolean {
  const own = reading.annotations[appConfig]?.trim();
  const ofNamespace = reading.lookUpNamespace()?.object.metadata.annotations?.[appConfig]?.trim();
  const written = own ?? ofNamespace ?? 'no';
  if (own !== undefined && ![...yes, ...no].includes(own)) {
    const message = `${JSON.stringify(own)} must be one of ${[...yes, ...no].join(', ')}; the pod gets no configuration.`;
    reading.say('InvalidField', ['metadata', 'annotations', appConfig], message);
  }
  return yes.includes(written);
}

/** The volume of the file, empty until the mesh has something to say. Refuses the pod where it has one of that name. */
export function configVolume(reading: PodReading, volumes: readonly Volume[]): Volume {
  const name = applicationFile.volume;
  if (volumes.some(volume => volume.name === name))
    reading.refuse(['spec', 'volumes'], `The name ${name} is that of the mesh's own volume; rename this one.`);
  return { name, files: {} };
}

/** The same container with the file; one that sets the variable itself is left alone. */
export function withConfig(container: Container): Container {
  const { env = [], volumeMounts = [] } = container;
  const { volume, folder, name, variable } = applicationFile;
  if (env.some(each => each.name === variable)) return container;
  return {
    ...container,
    env: [...env, { name: variable, value: `${folder}/${name}` }],
    volumeMounts: [...volumeMounts, { name: volume, mountPath: folder, readOnly: true }],
  };
}
