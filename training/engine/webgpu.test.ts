/** The WebGPU provider trains the tiny model to the loss of the CPU: on SwiftShader, which Debian's chromium brings. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { TrainingEvent } from './events.ts';
import { testSettings } from './testing.ts';

/** A Vulkan driver in software, and the loader beside it. */
const driverFolder = '/usr/lib/chromium';
const driver = join(driverFolder, 'vk_swiftshader_icd.json');

async function train(folder: string, device: 'cpu' | 'webgpu'): Promise<readonly TrainingEvent[]> {
  const settings = testSettings(join(folder, device), { device, tokens: 1500, seed: 3 });
  const file = join(folder, `${device}.json`);
  writeFileSync(file, JSON.stringify(settings));
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: driverFolder },
  });
  const events: TrainingEvent[] = [];
  for await (const line of createInterface({ input: child.stdout })) events.push(JSON.parse(line) as TrainingEvent);
  return events;
}

const test = existsSync(driver) ? it : it.skip;

test(`trains to the same loss${existsSync(driver) ? '' : ' (skipped: no software Vulkan driver of chromium here)'}`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'docent-webgpu-'));
  try {
    const [cpu, webgpu] = [await train(folder, 'cpu'), await train(folder, 'webgpu')];
    expect(webgpu[0]).toMatchObject({ type: 'start', device: 'webgpu', reason: 'gradients checked on webgpu' });
    const losses = (events: readonly TrainingEvent[]) =>
      events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
    expect(losses(webgpu)).toHaveLength(losses(cpu).length);
    losses(cpu).forEach((loss, step) => {
      expect(Math.abs(loss - losses(webgpu)[step]!) / loss).toBeLessThan(1e-3);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
