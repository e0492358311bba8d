# SPDX-License-Identifier: Apache-2.0
"""Checks `lockstep replay` on training cases against PyTorch's own training, drawn by a seed.

    /usr/bin/python3 pytorch_training.py --lockstep build/bin/lockstep [--seed N] [--models N] [--keep DIR]

Draws models and modes, trains them with PyTorch in float64 (DistributedDataParallel on two and four processes over
gloo), writes the answers beside them, has Lockstep replay all of them on the reference in f64 and f32, and demands exit
status 0. What Lockstep wrote is compared once more here, and answers and modes with a planted mistake must be found.
Exit status: 0 all of that holds, 1 something does not, 77 there is no PyTorch.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "replay"))

# Ends with 77 where PyTorch is missing.
import pytorch_check
import numpy as np
import torch

if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
    print("skipped: this check needs a PyTorch with the backend gloo")
    sys.exit(77)

import pytorch_training_cases as cases
import pytorch_training_modes as modes

DTYPES = {"f64": np.float64, "f32": np.float32}
PLANTED_OF_EACH = 6


def draw(seed, models):
    """Instances by name, and by <instance>/<mode> what to train."""
    instances, jobs = {}, {}
    for k in range(models):
        # A generator of its own for each model: another number of models leaves the first ones as they are.
        rng = np.random.default_rng([seed, k])
        instance = cases.draw_instance(rng, cases.MODELS[k % len(cases.MODELS)])
        place = f"{instance.model}_{k:02d}"
        instances[place] = instance
        for name, models_with_it, draw_mode, arguments in cases.modes():
            if instance.model in models_with_it:
                jobs[f"{place}/{name}"] = (instance, draw_mode(rng, instance, *arguments))
    return instances, jobs


def answers_of(jobs, work):
    # The processes first: nothing of PyTorch has run here yet that a fork could break.
    answers = {}
    for world in (2, 4):
        of_world = {name: job for name, job in jobs.items() if job[1].get("ranks") == world}
        answers.update(modes.train_on_processes(world, of_world, work))
    for name, job in jobs.items():
        if name not in answers:
            answers[name] = modes.train_on_one_process(*job)
    return answers


def save(folder, arrays):
    for name, array in arrays.items():
        path = folder / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.array(array, order="C"))


def write_cases(root, instances, jobs, answers):
    for place, instance in instances.items():
        save(root / place / "init", instance.parameters)
        save(root / place / "data", {"x": instance.x, "y": instance.y})
    for name, (instance, settings) in jobs.items():
        save(root / name, answers[name])
        mode = {"model": instance.model, "mode": name.partition("/")[2], "steps": instance.steps, **settings}
        (root / name / "mode.json").write_text(json.dumps(mode, indent=1))


def disagreement(expected, got, dtype):
    """What is wrong with one array, or None. In float32 the numbers are Lockstep's verdict alone: how far rounding
    carries a training is known to its perturbed runs."""
    if got.dtype != DTYPES[dtype] or got.shape != expected.shape:
        return f"is {got.dtype}{list(got.shape)}, expected {np.dtype(DTYPES[dtype])}{list(expected.shape)}"
    limit = 1e-9 * max(1.0, pytorch_check.largest(expected))
    if dtype == "f64" and not np.allclose(got, expected, rtol=0, atol=limit):
        return f"is off by {np.abs(got - expected).max():.3g}, limit {limit:.3g}"
    return None


def compare_again(results, answers, dtype):
    """Complaints about what replay wrote, by this program's own comparison."""
    complaints, compared = [], 0
    for name, answer in answers.items():
        for array, expected in answer.items():
            path = results / name / f"{array}.npy"
            wrong = disagreement(expected, np.load(path), dtype) if path.is_file() else "was not written"
            compared += 1
            if wrong:
                complaints.append(f"{name}: {array} {wrong}")
    return complaints, compared


def spoiled_answer(kind, answer, rng):
    """The answer with one mistake; None where it has no place for that kind."""
    spoiled = {name: array.copy() for name, array in answer.items()}
    losses = spoiled["losses"]
    if kind == "parameter":
        array = spoiled[cases.pick(rng, sorted(name for name in answer if name.startswith("final/")))].reshape(-1)
        array[rng.integers(array.size)] += 1e-6 * max(1.0, pytorch_check.largest(array))
    elif kind == "norm":
        spoiled["grad_norms"][-1] += 1e-6 * max(1.0, pytorch_check.largest(answer["grad_norms"]))
    elif kind == "loss" and pytorch_check.largest(losses[-1]) > 1e-3:
        losses[-1] *= 2.0
    elif kind == "ranks" and losses.ndim == 2:
        # Every rank's losses in the place of its neighbour's.
        spoiled["losses"] = np.roll(losses, 1, axis=1)
    else:
        return None
    return spoiled


def spoiled_settings(kind, instance, settings):
    """The mode with one setting changed, so that something else must come out; None where it has no such setting."""
    if kind == "buffers" and instance.buffers and "ranks" in settings and not settings["sync_batch_norm"]:
        return {**settings, "broadcast_buffers": not settings["broadcast_buffers"]}
    sizes = {end - begin for begin, end in settings.get("rows", ())}
    if kind == "scale" and "ranks" not in settings and modes.weighs_equally(settings) and len(sizes) > 1:
        return {**settings, "loss_scale": "rows/N"}
    # Ranges that only repeat the rule of equal parts can be lost without harm.
    ruled = {key: value for key, value in settings.items() if key != "rows"}
    if kind == "rows" and settings.get("ranks") and len(sizes) > 1 and (
            settings["rows"] != cases.rows_of_ranks(ruled, settings["rows"][-1][1])):
        return ruled
    return None


def plant_mistakes(root, jobs, answers, seed):
    """Writes cases with one mistake each, a few of each kind; how many there are."""
    rng = np.random.default_rng([seed, 2**20])
    planted = 0
    for kind in ("parameter", "norm", "loss", "ranks", "buffers", "scale", "rows"):
        of_kind = 0
        for name in rng.permutation(list(jobs)):
            instance, settings = jobs[name]
            answer = answers[name]
            if kind in ("buffers", "scale", "rows"):
                settings = spoiled_settings(kind, instance, settings)
            else:
                answer = spoiled_answer(kind, answer, rng)
            if settings is None or answer is None or of_kind == PLANTED_OF_EACH:
                continue
            write_cases(root / kind, {name.partition("/")[0]: instance}, {name: (instance, settings)}, {name: answer})
            of_kind += 1
        planted += of_kind
    return planted


def complaints_of_run(lockstep, root, results, dtype, answers):
    run = pytorch_check.replay(lockstep, root, results, "reference", dtype)
    verdicts = [line for line in run.stdout.splitlines() if line.partition(": ")[2].startswith("agreed")]
    complaints = []
    if run.returncode != 0 or len(verdicts) != len(answers):
        others = [line for line in run.stdout.splitlines() if line not in verdicts]
        complaints = [f"{dtype}: exit {run.returncode}", *others, *run.stderr.splitlines()]
    wrong, compared = compare_again(results, answers, dtype)
    print(f"reference {dtype}: exit {run.returncode}, {compared} arrays compared again", flush=True)
    return complaints + [f"{dtype}, compared by numpy: {line}" for line in wrong]


def complaints_of_planted(lockstep, root, results, dtype, planted):
    run = pytorch_check.replay(lockstep, root, results, "reference", dtype)
    missed = [line for line in run.stdout.splitlines() if ": agreed" in line]
    found = sum(": differs" in line for line in run.stdout.splitlines())
    if found == planted and run.returncode == 1:
        return []
    return [f"{dtype}: {found} of {planted} planted mistakes found, exit {run.returncode}", *missed,
            *run.stderr.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lockstep", required=True, help="the lockstep binary")
    parser.add_argument("--seed", type=int, help="what draws the cases (default: another one each time)")
    parser.add_argument("--models", type=int, default=3, help="how many models (default: %(default)s)")
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder for cases and results, kept afterwards")
    options = parser.parse_args()
    seed = int(np.random.SeedSequence().entropy % 2**31) if options.seed is None else options.seed
    print(f"PyTorch {torch.__version__}, seed {seed}, {options.models} models; "
          f"again: --seed {seed} --models {options.models}", flush=True)
    torch.set_num_threads(1)
    if options.keep:
        options.keep.mkdir(parents=True)
    work = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="lockstep_pytorch_training_"))
    instances, jobs = draw(seed, options.models)
    answers = answers_of(jobs, work)
    write_cases(work / "cases", instances, jobs, answers)
    planted = plant_mistakes(work / "planted", jobs, answers, seed)
    print(f"trained {len(jobs)} cases, {sum('ranks' in settings for _, settings in jobs.values())} of them by "
          "DistributedDataParallel over gloo", flush=True)
    complaints = []
    for dtype in DTYPES:
        complaints += complaints_of_run(options.lockstep, work / "cases", work / dtype, dtype, answers)
        complaints += complaints_of_planted(options.lockstep, work / "planted", work / f"planted_{dtype}", dtype,
                                            planted)
    print(f"{len(jobs)} cases to agree, {planted} planted mistakes to find: "
          f"{'FAILED' if complaints else 'all as it must be'}")
    for complaint in complaints:
        print(complaint)
    if not options.keep:
        shutil.rmtree(work)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
