# SPDX-License-Identifier: Apache-2.0
"""Draws calls of the listed operators, valid and invalid, and computes them with PyTorch.

Every operator has a drawing function that takes a numpy generator and returns a Call. Whether a call is valid is never
decided here: PyTorch is asked, and what it refuses must be refused.
"""

import numpy as np
import torch
import torch.nn.functional as F

# Around a warp, around tiles, primes, one.
EXTENTS = (1, 2, 3, 5, 7, 8, 16, 31, 32, 33, 61, 64, 65)


class Call:
    """One call: parameters under PyTorch's names, inputs as float64 arrays that float32 holds exactly or as integers, and
    a function from tensors to a dictionary of outputs. `differentiable` names the outputs that get a gradient."""

    def __init__(self, op, parameters, inputs, function, differentiable=("y",), with_respect_to=None):
        self.op, self.parameters, self.inputs, self.function = op, parameters, inputs, function
        self.differentiable = differentiable
        floating = [name for name, array in inputs.items() if np.issubdtype(array.dtype, np.floating)]
        self.with_respect_to = floating if with_respect_to is None else with_respect_to


def chance(rng, probability):
    return rng.random() < probability


def extent(rng, largest=65):
    return int(rng.choice([e for e in EXTENTS if e <= largest]))


def shape(rng, lowest_rank, highest_rank, most_elements=20000, may_be_empty=True):
    while True:
        drawn = [extent(rng) for _ in range(rng.integers(lowest_rank, highest_rank + 1))]
        if drawn and may_be_empty and chance(rng, 0.04):
            drawn[rng.integers(len(drawn))] = 0
        if np.prod(drawn, dtype=np.int64) <= most_elements:
            return tuple(drawn)


def values(rng, of_shape, special=False):
    """Normal numbers at one of several scales and offsets; a few of them NaN or infinite where `special`."""
    numbers = rng.standard_normal(of_shape) * rng.choice([1e-2, 1.0, 1.0, 10.0]) + rng.choice([0.0, 0.0, 0.0, 5.0])
    if special and chance(rng, 0.1) and numbers.size > 1:
        flat = numbers.reshape(-1)
        flat[rng.integers(flat.size)] = rng.choice([np.nan, np.inf, -np.inf])
    return np.asarray(numbers, dtype=np.float32).astype(np.float64)


def reduction(rng):
    return {} if chance(rng, 0.2) else {"reduction": str(rng.choice(["mean", "sum", "none"]))}


def draw_add(rng):
    a = shape(rng, 0, 4)
    b = tuple(1 if chance(rng, 0.3) else e for e in a)[rng.integers(len(a) + 1):]
    if chance(rng, 0.1) and len(b) > 0:
        b = b[:-1] + (b[-1] + 1,)
    if chance(rng, 0.5):
        a, b = b, a
    parameters = {} if chance(rng, 0.4) else {"alpha": float(rng.choice([2.0, -0.5, 0.3, 0.0]))}
    alpha = parameters.get("alpha", 1.0)
    return Call("add", parameters, {"a": values(rng, a, True), "b": values(rng, b, True)},
                lambda t: {"y": torch.add(t["a"], t["b"], alpha=alpha)})


def batch_norm_module(dims, features, parameters, dtype):
    kind = {1: torch.nn.BatchNorm1d, 2: torch.nn.BatchNorm2d, 3: torch.nn.BatchNorm3d}[dims]
    return kind(features, eps=parameters["eps"], momentum=parameters["momentum"], affine=parameters["affine"],
                track_running_stats=parameters.get("track_running_stats", True), dtype=dtype)


def draw_batch_norm(rng):
    dims = int(rng.integers(1, 4))
    rank = dims + 2 if dims > 1 else int(rng.integers(2, 4))
    if chance(rng, 0.04):
        rank += 1
    x = (extent(rng, 8), extent(rng)) + tuple(extent(rng, 8) for _ in range(rank - 2))
    if chance(rng, 0.06):
        x = (1, x[1]) + (1,) * (rank - 2)
    features = x[1] + (1 if chance(rng, 0.05) else 0)
    parameters = {"training": chance(rng, 0.6), "momentum": [0.1, 0.3, 0.0, None][rng.integers(4)],
                  "eps": float(rng.choice([1e-5, 1e-3])), "affine": chance(rng, 0.6),
                  "track_running_stats": chance(rng, 0.7), "num_batches_tracked": int(rng.integers(5))}
    inputs = {"x": values(rng, x)}
    if parameters["affine"]:
        inputs.update(weight=values(rng, (features,)), bias=values(rng, (features,)))
    if parameters["track_running_stats"]:
        inputs.update(running_mean=values(rng, (features,)), running_var=np.abs(values(rng, (features,))) + 0.5)

    def function(t):
        module = batch_norm_module(dims, features, parameters, t["x"].dtype)
        module.train(parameters["training"])
        for name, given in t.items():
            if name in ("weight", "bias"):
                del module._parameters[name]
                setattr(module, name, given)  # the very tensor, so that its gradient can be asked for
        if parameters["track_running_stats"]:
            module.running_mean.copy_(t["running_mean"])
            module.running_var.copy_(t["running_var"])
            module.num_batches_tracked.fill_(parameters["num_batches_tracked"])
        outputs = {"y": module(t["x"])}
        if parameters["track_running_stats"]:
            outputs.update(running_mean_out=module.running_mean, running_var_out=module.running_var,
                           num_batches_tracked_out=module.num_batches_tracked)
        return outputs

    return Call(f"batch_norm{dims}d", parameters, inputs, function,
                with_respect_to=[name for name in ("x", "weight", "bias") if name in inputs])


def draw_batch_norm_sequence(rng):
    dims = int(rng.integers(1, 3))
    steps, channels = int(rng.integers(1, 5)), extent(rng, 33)
    spatial = (extent(rng, 5), extent(rng, 5)) if dims == 2 else ()
    parameters = {"dims": dims, "momentum": [0.1, 0.25, None][rng.integers(3)], "eps": 1e-5, "affine": False,
                  "train_steps": steps, "then": "eval"}
    inputs = {f"x{k}": values(rng, (int(rng.integers(2, 9)), channels) + spatial) for k in range(steps)}
    inputs["x_eval"] = values(rng, (int(rng.integers(1, 9)), channels) + spatial)

    def function(t):
        module = batch_norm_module(dims, channels, parameters, t["x_eval"].dtype)
        outputs = {}
        for k in range(steps):
            module(t[f"x{k}"])
            outputs[f"running_mean_{k}"] = module.running_mean.clone()
            outputs[f"running_var_{k}"] = module.running_var.clone()
        module.eval()
        return {**outputs, "y_eval": module(t["x_eval"]), "num_batches_tracked": module.num_batches_tracked}

    return Call("batch_norm_seq", parameters, inputs, function, ("y_eval",), ["x_eval"])


def draw_channel_shuffle(rng):
    groups = int(rng.choice([1, 2, 3, 4, 5]))
    x = shape(rng, 3, 5, 4000)
    x = (x[0], x[1] if chance(rng, 0.1) else groups * int(rng.integers(1, 9))) + x[2:]
    if chance(rng, 0.05):
        x = x[:2]
    if chance(rng, 0.05):
        groups = int(rng.choice([0, -1]))

    def function(t):
        shuffled = F.channel_shuffle(t["x"].detach(), groups)
        n, c = t["x"].shape[:2]
        # This version of PyTorch cannot differentiate the operator: the same permutation from ones that it can.
        y = t["x"].reshape(n, groups, c // groups, *t["x"].shape[2:]).transpose(1, 2).reshape(t["x"].shape)
        assert torch.equal(torch.nan_to_num(y.detach()), torch.nan_to_num(shuffled))
        return {"y": y}

    return Call("channel_shuffle", {"groups": groups}, {"x": values(rng, x, True)}, function)


def draw_conv2d(rng):
    groups = int(rng.choice([1, 1, 2, 3, 4]))
    into, out = groups * int(rng.integers(1, 5)), groups * int(rng.integers(1, 5))
    weight = (out, into // groups, int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    x = (int(rng.integers(0 if chance(rng, 0.1) else 1, 4)), into, int(rng.integers(1, 12)), int(rng.integers(1, 12)))
    if chance(rng, 0.05):
        x = (x[0], into + 1) + x[2:]
    if chance(rng, 0.2):
        x = x[1:]
    parameters = {"bias": chance(rng, 0.6)}
    for name, choices in (("stride", [1, 1, 2, 3]), ("padding", [0, 1, 2]), ("dilation", [1, 1, 2])):
        if chance(rng, 0.7):
            parameters[name] = [int(rng.choice(choices)) for _ in range(2)]
            if chance(rng, 0.2):
                parameters[name] = parameters[name][0] if chance(rng, 0.5) else parameters[name][:1]
    if chance(rng, 0.3):
        parameters["padding"] = str(rng.choice(["same", "valid"]))
        if chance(rng, 0.7):
            parameters.pop("stride", None)
    if chance(rng, 0.04):
        parameters[str(rng.choice(["stride", "dilation"]))] = int(rng.choice([0, -1]))
    if groups != 1 or chance(rng, 0.5):
        parameters["groups"] = groups if not chance(rng, 0.05) else groups + 1
    inputs = {"x": values(rng, x, True), "weight": values(rng, weight)}
    if parameters["bias"]:
        inputs["bias"] = values(rng, (out + (1 if chance(rng, 0.05) else 0),))
    settings = {name: given for name, given in parameters.items() if name != "bias"}
    return Call("conv2d", parameters, inputs,
                lambda t: {"y": F.conv2d(t["x"], t["weight"], t.get("bias"), **settings)})
def draw_embedding(rng):
    rows = extent(rng)
    indices = np.asarray(rng.integers(rows, size=shape(rng, 0, 3, 300)), dtype=np.int64)
    if chance(rng, 0.06) and indices.size:
        indices.reshape(-1)[rng.integers(indices.size)] = rng.choice([rows, -1])
    weight = (rows, extent(rng)) if not chance(rng, 0.03) else (rows,)
    parameters = {}
    if chance(rng, 0.6):
        parameters["padding_idx"] = None if chance(rng, 0.2) else int(rng.integers(-rows, rows))
        if chance(rng, 0.05):
            parameters["padding_idx"] = int(rng.choice([rows, -rows - 1]))
    if chance(rng, 0.5):
        parameters["scale_grad_by_freq"] = chance(rng, 0.7)
    return Call("embedding", parameters, {"weight": values(rng, weight, True), "indices": indices},
                lambda t: {"y": F.embedding(t["indices"], t["weight"], **parameters)})


def draw_cross_entropy(rng):
    """Targets are classes or probabilities: one function of PyTorch, two ops of the case format."""
    input_shape = shape(rng, 1, 5, 6000)
    classes = input_shape[0] if len(input_shape) == 1 else input_shape[1]
    smoothing = float(rng.choice([0.0, 0.0, 0.1, 1.0, 1.5 if chance(rng, 0.1) else 0.3]))
    parameters = {**reduction(rng), "label_smoothing": smoothing}
    inputs = {"input": values(rng, input_shape, True)}
    if chance(rng, 0.4):
        inputs["weight"] = np.abs(values(rng, (classes + (1 if chance(rng, 0.06) else 0),))) + 0.125
    parameters["weighted"] = "weight" in inputs
    if chance(rng, 0.35):
        inputs["target"] = np.abs(values(rng, input_shape))
        op, with_respect_to = "cross_entropy_prob", ["input", "target"]
    else:
        target_shape = input_shape[:1] * (len(input_shape) > 1) + input_shape[2:]
        if chance(rng, 0.06) and target_shape:
            target_shape = target_shape[:-1] + (target_shape[-1] + 1,)
        if chance(rng, 0.6):
            parameters["ignore_index"] = int(rng.choice([-100, -1, 0, classes - 1, classes + 7]))
        targets = rng.integers(0, max(classes, 1), target_shape)
        spoilt = rng.random(target_shape) < 0.3
        targets = np.where(spoilt, parameters.get("ignore_index", -100), targets)
        if chance(rng, 0.06):
            targets = np.where(spoilt, classes, targets)
        inputs["target"] = np.asarray(targets, dtype=np.int64)
        op, with_respect_to = "cross_entropy", ["input"]
    keywords = {name: value for name, value in parameters.items() if name != "weighted"}
    return Call(op, parameters, inputs,
                lambda t: {"y": F.cross_entropy(t["input"], t["target"], t.get("weight"), **keywords)},
                with_respect_to=with_respect_to)


def draw_gelu(rng):
    approximate = str(rng.choice(["none", "tanh"])) if not chance(rng, 0.08) else "fast"
    parameters = {"approximate": approximate} if approximate != "none" or chance(rng, 0.5) else {}
    return Call("gelu", parameters, {"x": values(rng, shape(rng, 0, 4), True)},
                lambda t: {"y": F.gelu(t["x"], approximate=approximate)})


def draw_layer_norm(rng):
    x = shape(rng, 1, 4)
    normalized = list(x[-int(rng.integers(1, len(x) + 1)):])
    weight_shape = tuple(normalized)
    if chance(rng, 0.06):
        normalized[0] += 1
    if chance(rng, 0.04):
        weight_shape += (1,)
    parameters = {"normalized_shape": normalized, "eps": float(rng.choice([1e-5, 1e-12, 1e-3]))}
    inputs = {"x": values(rng, x)}
    if chance(rng, 0.65):
        inputs["weight"] = values(rng, weight_shape)
        if chance(rng, 0.9):
            inputs["bias"] = values(rng, weight_shape)
    return Call("layer_norm", parameters, inputs,
                lambda t: {"y": F.layer_norm(t["x"], normalized, t.get("weight"), t.get("bias"), parameters["eps"])})


def draw_linear(rng):
    x = shape(rng, 1, 4, 4000)
    out, into = extent(rng), x[-1] + (1 if chance(rng, 0.08) else 0)
    inputs = {"x": values(rng, x), "weight": values(rng, (out, into))}
    if chance(rng, 0.6):
        inputs["bias"] = values(rng, (out + (1 if chance(rng, 0.05) else 0),))
    parameters = {"in_features": into, "out_features": out, "bias": "bias" in inputs}
    return Call("linear", parameters, inputs, lambda t: {"y": F.linear(t["x"], t["weight"], t.get("bias"))})


def draw_matmul(rng):
    m, k, n = extent(rng), extent(rng), extent(rng)
    if chance(rng, 0.05):
        k = 0
    batch = [int(e) for e in rng.integers(1, 4, rng.integers(0, 4))]
    a, b = ([1 if chance(rng, 0.25) else e for e in batch][rng.integers(len(batch) + 1):] for _ in range(2))
    wrong = 1 if chance(rng, 0.08) else 0
    a, b = a + [m, k], b + [k + wrong, n]
    if chance(rng, 0.1):
        a = [k]
    if chance(rng, 0.1):
        b = [k + wrong]
    inputs = {"a": values(rng, a), "b": values(rng, b)}
    if chance(rng, 0.25):
        if chance(rng, 0.7):  # else what matmul takes and bmm mostly refuses
            batch = int(rng.integers(0, 4))
            inputs = {"a": values(rng, (batch, m, k)), "b": values(rng, (batch, k + wrong, n))}
        return Call("bmm", {}, inputs, lambda t: {"y": torch.bmm(t["a"], t["b"])})
    return Call("matmul", {}, inputs, lambda t: {"y": torch.matmul(t["a"], t["b"])})


def one_or_two(rng, lowest, highest):
    """A number for both axes, as it is or in a list, or one for each axis."""
    drawn = [int(rng.integers(lowest, highest + 1)) for _ in range(2)]
    return drawn if chance(rng, 0.6) else drawn[0] if chance(rng, 0.6) else drawn[:1]


def draw_max_pool2d(rng):
    x = shape(rng, 3, 4, 3000)
    if chance(rng, 0.8):  # large enough for most windows
        x = x[:-2] + tuple(max(e, 5) if e else 0 for e in x[-2:])
    if chance(rng, 0.04):
        x = x[1:] if len(x) == 3 else (1,) + x
    drawn = values(rng, x, True)
    if chance(rng, 0.4):
        drawn = np.round(drawn)  # ties
    kernel = one_or_two(rng, 1, 4)
    parameters = {"kernel_size": kernel}
    if chance(rng, 0.6):
        parameters["stride"] = one_or_two(rng, 1, 3) if not chance(rng, 0.1) else None
    if chance(rng, 0.5):
        parameters["padding"] = one_or_two(rng, 0, int(np.min(kernel)) // 2 + (1 if chance(rng, 0.06) else 0))
    elif chance(rng, 0.5):  # not both: PyTorch's own gradient of a window without elements goes astray
        parameters["dilation"] = one_or_two(rng, 1, 3)
    if chance(rng, 0.4):
        parameters["ceil_mode"] = chance(rng, 0.7)
    if chance(rng, 0.04):
        parameters[str(rng.choice(["kernel_size", "stride", "dilation"]))] = int(rng.choice([0, -1]))

    def function(t):
        y, indices = F.max_pool2d(t["x"], return_indices=True, **parameters)
        return {"y": y, "indices": indices}

    return Call("max_pool2d", parameters, {"x": drawn}, function)


def draw_mean(rng):
    x = shape(rng, 0, 4)
    axes = list(range(-len(x), len(x)))
    dim = None
    if chance(rng, 0.8) and x:
        dim = [int(a) for a in rng.choice(len(x), size=rng.integers(1, len(x) + 1), replace=False)]
        dim = [d - len(x) if chance(rng, 0.3) else d for d in dim]
        if chance(rng, 0.05):
            dim.append(int(rng.choice([len(x), dim[0]])))
    elif chance(rng, 0.3) and axes:
        dim = int(rng.choice(axes))
    keepdim = chance(rng, 0.4)
    function = (lambda t: {"y": t["x"].mean()}) if dim is None else (lambda t: {"y": t["x"].mean(dim, keepdim)})
    return Call("mean", {"dim": dim, "keepdim": keepdim and dim is not None}, {"x": values(rng, x)}, function)


def draw_mse_loss(rng):
    input_shape = shape(rng, 0, 4)
    target_shape = input_shape
    if chance(rng, 0.3):
        target_shape = tuple(1 if chance(rng, 0.3) else e for e in input_shape)[rng.integers(len(input_shape) + 1):]
    if chance(rng, 0.08) and target_shape:
        target_shape = target_shape[:-1] + (target_shape[-1] + 1,)
    parameters = reduction(rng)
    inputs = {"input": values(rng, input_shape, True), "target": values(rng, target_shape)}
    return Call("mse_loss", parameters, inputs, lambda t: {"y": F.mse_loss(t["input"], t["target"], **parameters)})


def draw_relu(rng):
    return Call("relu", {}, {"x": values(rng, shape(rng, 0, 4), True)}, lambda t: {"y": F.relu(t["x"])})


def draw_softmax(rng):
    x = shape(rng, 0, 4)
    dim = int(rng.integers(-max(len(x), 1), max(len(x), 1)))
    if chance(rng, 0.08):
        dim = len(x) + 1
    return Call("softmax", {"dim": dim}, {"x": values(rng, x, True)}, lambda t: {"y": F.softmax(t["x"], dim)})


def draw_tanh(rng):
    return Call("tanh", {}, {"x": values(rng, shape(rng, 0, 4), True)}, lambda t: {"y": torch.tanh(t["x"])})


DRAWS = (draw_add, draw_batch_norm, draw_batch_norm, draw_batch_norm_sequence, draw_channel_shuffle, draw_conv2d,
         draw_cross_entropy, draw_embedding, draw_gelu, draw_layer_norm, draw_linear, draw_matmul, draw_max_pool2d,
         draw_mean, draw_mse_loss, draw_relu, draw_softmax, draw_tanh)
