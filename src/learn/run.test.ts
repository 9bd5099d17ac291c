/** A run's phases with a real training process on a tiny base; what is read and written is made up and instant. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../registry/adapters.ts';
import { executeRun, type RunDeps } from './run.ts';
import { always, baseSha256, createTestWorld, depsFor, readerThatIs, sectionOf, type TestWorld } from './testing.ts';

let world: TestWorld;
beforeAll(() => {
  world = createTestWorld(mkdtempSync(join(tmpdir(), 'docent-learn-')));
});
afterAll(() => rmSync(world.home, { recursive: true, force: true }));

/** Tokens a second: little to train, the phases are what is tested. */
const slow = 20;

describe('a run', () => {
  it('trains on what it wrote, and promotes what is better on questions it has not learned from', async () => {
    const { result, candidate } = await executeRun(
      '00000000-0000-7000-8000-000000000001',
      depsFor(world, 'better'),
      slow,
    );
    expect(result.decision).toBe('promoted');
    expect(result.reason).toMatch(/^Better by \d+\.\d points on \d+ questions\.$/);
    expect(result.gate.map(({ suite }) => suite)).toEqual(['workspace', 'general', 'abstention']);
    expect(result.gate[0]!.n).toBeGreaterThanOrEqual(100);
    expect(result.candidate!.f1).toBeGreaterThan(result.champion!.f1);
    expect(result.train!.steps).toBeGreaterThan(0);
    const manifest = JSON.parse(readFileSync(join(candidate!, 'manifest.json'), 'utf8')) as Manifest;
    expect(manifest).toMatchObject({ id: 'reader-000000000001', parent: 'shipped', baseSha256 });
    expect(manifest.documents.toSorted()).toEqual(['d0', 'd1', 'd2', 'd3']);
    const learned = readFileSync(join(world.home, 'better', 'train.jsonl'), 'utf8');
    for (let n = 40; n < 120; n += 1) expect(learned).not.toContain(sectionOf(n).text);
  });

  it('keeps what serves when nothing got better', async () => {
    const { result } = await executeRun(
      '00000000-0000-7000-8000-000000000002',
      depsFor(world, 'same', {}, always),
      slow,
    );
    expect(result.decision).toBe('kept');
    expect(result.reason).toContain('No gain is shown');
  });

  it('is kept out by a probe that it would lose, and goes live with those that it passes', async () => {
    const probe = (id: string, question: string, answer: string | null) => ({ id, question, answer });
    const kept = probe('1', 'What is <7:30> in Oak0?', '7:30');
    const refused = probe('2', 'What is <nothing at all> in Oak0?', null);
    // Of a length that three divides: the champion reads it.
    const known = probe('3', 'What is <7:30> in Oak0??', '7:30');
    const run = (n: number, probes: RunDeps['probes'], changes: Parameters<typeof depsFor>[2] = {}) =>
      executeRun(
        `00000000-0000-7000-8000-00000000010${n}`,
        depsFor(world, `probes-${n}`, { probes, ...changes }),
        slow,
      );
    const { result: live } = await run(1, [kept, refused, known]);
    expect(live).toMatchObject({ decision: 'promoted', probes: { asked: 3, passed: 3, lost: [] } });
    const forgetful = readerThatIs((question) => question !== known.question);
    const { result: out } = await run(2, [kept, known], { readerOf: async () => forgetful });
    expect(out).toMatchObject({ decision: 'kept', probes: { asked: 2, passed: 1, lost: ['3'] } });
    expect(out.reason).toContain('1 of 2 probes');
  });

  it('lists which of the last questions it would answer otherwise', async () => {
    const recent = async () => [
      { id: 'q1', question: 'What is <7:30> in Oak0?' },
      { id: 'q2', question: 'What is <7:30> in Oak0??' },
      { id: 'q3', question: 'What is <nothing> in Oak0?' },
    ];
    const { result } = await executeRun(
      '00000000-0000-7000-8000-000000000104',
      depsFor(world, 'replay', { recent }),
      slow,
    );
    expect(result.replay).toEqual({ asked: 3, changed: [{ question: 'q1', before: 'refused', after: 'answered' }] });
  });

  it('says how much text is missing, and trains nothing then', async () => {
    const deps = depsFor(world, 'few');
    const few = { ...deps, sections: deps.sections.slice(25, 60) };
    const { result, candidate } = await executeRun('00000000-0000-7000-8000-000000000003', few, slow);
    expect([result.decision, result.train, candidate]).toEqual(['kept', null, null]);
    expect(result.reason).toMatch(/Only \d+ questions .* 100 are needed: about \d+ more sections/);
  });

  it('says that time was missing, where it was', async () => {
    const { writer } = depsFor(world, 'hurried');
    const hesitant: RunDeps['writer'] = {
      write: (...asked) => sleep(5).then(() => writer.write(...asked)),
    };
    const { result } = await executeRun(
      '00000000-0000-7000-8000-000000000006',
      depsFor(world, 'hurried', { minutes: 0.0005, writer: hesitant }),
      slow,
    );
    expect(result).toMatchObject({ decision: 'kept', train: null });
    expect(result.reason).toMatch(/Only \d+ questions .* in the time, 100 are needed: give it more minutes/);
  });

  it('stopped while it trains, goes on from there and writes nothing anew', async () => {
    const stop = new AbortController();
    const stopped = depsFor(world, 'resumed', {
      signal: stop.signal,
      onProgress: ({ phase }) => phase === 'training' && stop.abort(),
    });
    await expect(executeRun('00000000-0000-7000-8000-000000000004', stopped, 20 * slow)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const writer = {
      write: async () => {
        throw new Error('written twice');
      },
    };
    const { result } = await executeRun(
      '00000000-0000-7000-8000-000000000004',
      depsFor(world, 'resumed', { writer }),
      slow,
    );
    expect(result.decision).toBe('promoted');
  });

  it('begins anew where the documents were read again before it went on', async () => {
    const id = '00000000-0000-7000-8000-000000000007';
    const stop = new AbortController();
    const stopped = depsFor(world, 'stale', {
      signal: stop.signal,
      onProgress: ({ phase }) => phase === 'training' && stop.abort(),
    });
    await expect(executeRun(id, stopped, 20 * slow)).rejects.toMatchObject({ code: 'CANCELLED' });
    const { sections, search } = stopped;
    const anew = (passageId: string) => `new-${passageId}`;
    const { result } = await executeRun(
      id,
      depsFor(world, 'stale', {
        sections: sections.map((section) => ({
          ...section,
          passages: section.passages.map((passage) => ({ ...passage, id: anew(passage.id) })),
        })),
        search: async (question, limit) =>
          (await search(question, limit)).map((found) => ({ ...found, passageId: anew(found.passageId) })),
      }),
      slow,
    );
    expect(result.gate[0]!.n).toBeGreaterThanOrEqual(100);
    expect(result.decision).toBe('promoted');
  });

  it('leaves half-written files of a killed process alone', async () => {
    const folder = join(world.home, 'half');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'dataset.json.part'), '{"documents":[');
    const { result } = await executeRun('00000000-0000-7000-8000-000000000005', depsFor(world, 'half'), slow);
    expect(result.decision).toBe('promoted');
  });
});
