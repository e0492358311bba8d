# SPDX-License-Identifier: Apache-2.0
"""Checks `lockstep replay` against PyTorch on calls drawn by a seed.

    /usr/bin/python3 pytorch_check.py --lockstep build/bin/lockstep [--seed N] [--cases N] [--keep DIR]

Draws valid and invalid calls of every listed operator, writes them as cases with PyTorch's answers (float64; float32
for the yardstick), has Lockstep replay them on the reference in f64 and f32 and on the CUDA kernels in f32, and demands
exit status 0. What Lockstep wrote is compared once more here, so that its own verdict is not taken on trust; and cases
with a planted mistake must be found. Exit status: 0 all of that holds, 1 something does not, 77 there is no PyTorch.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch

    import pytorch_cases
    import pytorch_optimisers
except ImportError as missing:
    print(f"skipped: this check needs python3-torch and python3-numpy ({missing})")
    sys.exit(77)

RUNS = (("reference", "f64"), ("reference", "f32"), ("cuda", "f32"))


def is_floating(array):
    return np.issubdtype(array.dtype, np.floating)


def compute(call, dtype, gradients, inputs=None):
    """Outputs and input gradients as numpy arrays; raises what PyTorch raises. Integers stay what they are."""
    tensors = {name: torch.tensor(a, dtype=dtype if is_floating(a) else None, requires_grad=name in call.with_respect_to)
               for name, a in (inputs or call.inputs).items()}
    outputs = call.function(tensors)
    arrays = {name: o.detach().numpy().copy() for name, o in outputs.items()}
    if not call.differentiable:
        return arrays, {}
    given = [torch.tensor(gradients(n, outputs[n].shape), dtype=dtype) for n in call.differentiable]
    found = torch.autograd.grad([outputs[n] for n in call.differentiable],
                                [tensors[n] for n in call.with_respect_to], given)
    return arrays, {"d_" + name: g.numpy().copy() for name, g in zip(call.with_respect_to, found)}


def largest(array):
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 0.0


def float32_error(exact, single):
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(single.astype(np.float64) - exact)
    error = error[np.isfinite(exact)]
    worst = float(error.max()) if error.size else 0.0
    return {"max_abs": worst if np.isfinite(worst) else None, "rel_to_max": None}


def sensitivity(call, gradients, results, rng):
    """How far each result moves when every input moves by a rounding of float32: what no implementation can be held to.
    PyTorch's own float32 error may be small by luck."""
    moved = dict.fromkeys(results, 0.0)
    for _ in range(3):
        shifts = {n: a * (1 + 2.0**-24 * rng.choice([-1.0, 1.0], a.shape)) if is_floating(a) else a
                  for n, a in call.inputs.items()}
        for part in compute(call, torch.float64, gradients, shifts):
            for name, array in part.items():
                moved[name] = max(moved[name], float32_error(results[name], array)["max_abs"] or 0.0)
    return moved


def error_nearby(call, gradients, results, rng):
    """PyTorch's largest float32 error on a few calls like this one, its inputs moved by a thousandth. Where terms cancel
    whatever the inputs are, as in layer_norm over two elements, sensitivity is 0, and the error of one call is by luck."""
    worst = dict.fromkeys(results, 0.0)
    for _ in range(3):
        inputs = {n: (a * (1 + 1e-3 * rng.uniform(-1, 1, a.shape))).astype(np.float32).astype(np.float64)
                  if is_floating(a) else a for n, a in call.inputs.items()}
        exact, single = ({n: a for part in compute(call, dtype, gradients, inputs) for n, a in part.items()}
                         for dtype in (torch.float64, torch.float32))
        for name in worst:
            worst[name] = max(worst[name], float32_error(exact[name], single[name])["max_abs"] or 0.0)
    return worst


def write_case(folder, call, rng):
    """Writes the call with PyTorch's answer and returns the description; None, and nothing is written, for a call where
    float32 has hardly a digit right: there float64, which has 2^29 times more, is no truth to 1e-9 either."""
    drawn = {}

    def gradients(name, of_shape):
        if name not in drawn:
            drawn[name] = pytorch_cases.values(rng, tuple(of_shape))
        return drawn[name]

    case = {"op": call.op, "params": call.parameters, "inputs": list(call.inputs), "expected": [], "grad_outputs": [],
            "grads": []}
    arrays = dict(call.inputs)
    try:
        outputs, grads = compute(call, torch.float64, gradients)
    except (RuntimeError, ValueError, IndexError, AssertionError) as refusal:
        case["expect_error"] = {"type": type(refusal).__name__, "message": str(refusal).splitlines()[0]}
    else:
        results = {**outputs, **grads}
        single = {}
        for part in compute(call, torch.float32, gradients):
            single.update(part)
        errors = {n: float32_error(a, single[n]) for n, a in results.items() if a.dtype == np.float64}
        if any((e["max_abs"] or 0.0) > 0.05 * max(1.0, largest(results[n])) for n, e in errors.items()):
            return None
        case.update(expected=list(outputs), grad_outputs=["g_" + n for n in call.differentiable], grads=list(grads),
                    f32_err=errors, sensitivity=sensitivity(call, gradients, results, rng),
                    error_nearby=error_nearby(call, gradients, results, rng),
                    equal_nan=not all(np.isfinite(a).all() for a in results.values()))
        arrays.update(results)
        arrays.update({"g_" + n: a for n, a in drawn.items()})
    case["shapes"] = {n: list(a.shape) for n, a in arrays.items()}
    case["dtypes"] = {n: str(a.dtype) for n, a in arrays.items()}
    (folder / "f64").mkdir(parents=True)
    for name, array in arrays.items():
        # np.array keeps rank 0, which np.ascontiguousarray does not.
        np.save(folder / "f64" / f"{name}.npy", np.array(array, order="C"))
    (folder / "case.json").write_text(json.dumps(case, indent=1, allow_nan=False))
    return case


def disagreement(case, name, expected, got, dtype):
    """What is wrong with one array, or None. In float32 the limit is wider than Lockstep's own, since the bound per
    element is not known here: 8 times PyTorch's error, here or nearby, and the array's sensitivity, and as many
    roundings of the largest number as errors of a sum over the case's largest array may gather."""
    wanted = np.int64 if expected.dtype == np.int64 else {"f64": np.float64, "f32": np.float32}[dtype]
    if got.dtype != wanted or got.shape != expected.shape:
        return f"{name} is {got.dtype}{list(got.shape)}, expected {np.dtype(wanted)}{list(expected.shape)}"
    if expected.dtype == np.int64:
        return None if np.array_equal(got, expected) else f"{name} is {got}, expected {expected}"
    scale = max(1.0, largest(expected))
    if dtype == "f64":
        limit = 1e-9 * scale
    else:
        terms = max(int(np.prod(s)) for s in case["shapes"].values())
        own_error = max(case["f32_err"][name]["max_abs"] or 0.0, case["error_nearby"][name])
        limit = 8 * (own_error + case["sensitivity"][name]) + (16 + 2 * terms**0.5) * 2.0**-24 * scale
    if np.allclose(got, expected, rtol=0, atol=limit, equal_nan=case["equal_nan"]):
        return None
    with np.errstate(invalid="ignore"):
        return f"{name} is off by {np.nanmax(np.abs(got - expected)):.3g}, limit {limit:.3g}"


def replay(lockstep, cases, results, implementation, dtype):
    command = [lockstep, "replay", str(cases), "--out", str(results), "--implementation", implementation,
               "--dtype", dtype]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


def compare_again(cases, results, described, dtype):
    """Complaints about what replay wrote, by this program's own comparison."""
    complaints, compared = [], 0
    for name, case in described.items():
        place = results / name
        if "expect_error" in case:
            if not (place / "error.txt").is_file():
                complaints.append(f"{name}: not refused; PyTorch: {case['expect_error']['message']}")
            continue
        for array in case["expected"] + case["grads"]:
            if not (place / f"{array}.npy").is_file():
                complaints.append(f"{name}: {array}.npy was not written")
                continue
            wrong = disagreement(case, array, np.load(cases / name / "f64" / f"{array}.npy"),
                                 np.load(place / f"{array}.npy"), dtype)
            compared += 1
            if wrong:
                complaints.append(f"{name}: {wrong}")
    return complaints, compared


def first_line(path):
    return path.read_text().splitlines()[0] if path.is_file() else ""


def plant_mistakes(work, described):
    """Cases whose expectation is wrong in one element, and valid calls that claim to be refused."""
    valid = [name for name, case in described.items()
             if case["grads"] and not case["equal_nan"] and 0 not in case["shapes"][case["grads"][0]]]
    for kind in ("value", "refusal"):
        for name in valid[:20]:
            folder = work / "planted" / kind / name
            shutil.copytree(work / "cases" / name, folder)
            if kind == "value":
                path = folder / "f64" / f"{described[name]['grads'][0]}.npy"
                array = np.load(path)
                array.reshape(-1)[array.size // 2] += 1e-2 * max(1.0, largest(array))
                np.save(path, array)
            else:
                claim = {**described[name], "expect_error": {"type": "RuntimeError", "message": "planted"}}
                (folder / "case.json").write_text(json.dumps(claim))
    return 2 * min(20, len(valid))


def missed_mistakes(lockstep, work, described):
    planted = plant_mistakes(work, described)
    complaints = []
    for implementation, dtype in RUNS:
        run = replay(lockstep, work / "planted", work / f"planted_{implementation}_{dtype}", implementation, dtype)
        found = sum(": differs" in line or ": not refused but must be" in line for line in run.stdout.splitlines())
        if found != planted or run.returncode != 1:
            complaints.append(f"{implementation} {dtype}: {found} of {planted} planted mistakes found, "
                              f"exit {run.returncode}")
    return complaints, planted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lockstep", required=True, help="the lockstep binary")
    parser.add_argument("--seed", type=int, help="what draws the calls (default: another one each time)")
    parser.add_argument("--cases", type=int, default=240, help="how many calls (default: %(default)s)")
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder for cases and results, kept afterwards")
    options = parser.parse_args()
    seed = int(np.random.SeedSequence().entropy % 2**31) if options.seed is None else options.seed
    print(f"PyTorch {torch.__version__}, seed {seed}, {options.cases} cases; "
          f"again: --seed {seed} --cases {options.cases}", flush=True)
    torch.set_num_threads(1)
    work = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="lockstep_pytorch_"))
    described = {}
    draws = pytorch_cases.DRAWS + pytorch_optimisers.DRAWS
    for k in range(options.cases):
        # A generator of its own for each case: another number of cases leaves the first ones as they are.
        rng = np.random.default_rng([seed, k])
        case = None
        while case is None:
            call = draws[k % len(draws)](rng)
            name = f"{call.op}_{k:04d}"
            case = write_case(work / "cases" / name, call, rng)
        described[name] = case

    complaints = []
    for implementation, dtype in RUNS:
        results = work / f"{implementation}_{dtype}"
        run = replay(options.lockstep, work / "cases", results, implementation, dtype)
        good = ("agreed", "refused as it must")
        verdicts = [line for line in run.stdout.splitlines() if line.partition(": ")[2].startswith(good)]
        if run.returncode != 0 or len(verdicts) != len(described):
            others = [line for line in run.stdout.splitlines() if line not in verdicts]
            complaints += [f"{implementation} {dtype}: exit {run.returncode}", *others, *run.stderr.splitlines()]
        wrong, compared = compare_again(work / "cases", results, described, dtype)
        complaints += [f"{implementation} {dtype}, compared by numpy: {line}" for line in wrong]
        print(f"{implementation} {dtype}: exit {run.returncode}, {compared} arrays compared again", flush=True)
    missed, planted = missed_mistakes(options.lockstep, work, described)
    complaints += missed
    refused = {name: case["expect_error"]["message"] for name, case in described.items() if "expect_error" in case}
    same = sum(first_line(work / "reference_f64" / name / "error.txt") == message for name, message in refused.items())
    print(f"{len(described) - len(refused)} calls to agree, {len(refused)} to refuse ({same} of them in PyTorch's very "
          f"words), {planted} planted mistakes to find: {'FAILED' if complaints else 'all as it must be'}")
    for complaint in complaints:
        print(complaint)
    if not options.keep:
        shutil.rmtree(work)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
