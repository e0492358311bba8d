# SPDX-License-Identifier: Apache-2.0
"""Draws training cases: a model of random sizes with its data, and what to run on it as mode.json says it."""

import numpy as np
import torch

HEADS = 2


class Instance:
    """One model: initial parameters and buffers by name, x and y [steps, N, ...]. Every number fits in float32, so that
    both precisions begin at the same place."""

    def __init__(self, model, parameters, buffers, x, y):
        self.model, self.parameters, self.buffers, self.x, self.y = model, parameters, buffers, x, y
        self.steps, self.rows = y.shape[:2]


def chance(rng, probability):
    return rng.random() < probability


def pick(rng, choices):
    return choices[rng.integers(len(choices))]


def between(rng, lowest, highest):
    return int(rng.integers(lowest, highest + 1))


def normal(rng, shape, scale=1.0, offset=0.0):
    return (offset + scale * rng.standard_normal(shape)).astype(np.float32).astype(np.float64)


def linear(rng, outputs, inputs, weight, bias):
    """A weight [outputs, inputs] or a kernel [outputs, inputs, 3, 3] and its bias, scaled about as PyTorch does."""
    shape = (outputs, inputs, 3, 3) if weight.startswith("k") else (outputs, inputs)
    scale = float(np.prod(shape[1:])) ** -0.5
    return {weight: normal(rng, shape, scale), bias: normal(rng, outputs, scale)}


def norm(rng, features, weight, bias):
    return {weight: normal(rng, features, 0.2, 1.0), bias: normal(rng, features, 0.2)}


def draw_mlp(rng, steps, rows):
    inputs, first, second, outputs = between(rng, 1, 12), between(rng, 1, 16), between(rng, 1, 16), between(rng, 1, 5)
    parameters = {**linear(rng, first, inputs, "w1", "b1"), **linear(rng, second, first, "w2", "b2"),
                  **linear(rng, outputs, second, "w3", "b3")}
    return Instance("mlp", parameters, {}, normal(rng, (steps, rows, inputs)), normal(rng, (steps, rows, outputs)))


def draw_conv(rng, steps, rows):
    channels, first, second, classes = between(rng, 1, 4), between(rng, 1, 5), between(rng, 1, 5), between(rng, 2, 5)
    parameters = {**linear(rng, first, channels, "k1", "c1b"), **norm(rng, first, "g1", "h1"),
                  **linear(rng, second, first, "k2", "c2b"), **norm(rng, second, "g2", "h2"),
                  **linear(rng, classes, second, "w3", "b3")}
    buffers = {"rm1": np.zeros(first), "rv1": np.ones(first), "rm2": np.zeros(second), "rv2": np.ones(second)}
    # From three pixels on, one row has several values per channel behind the stride: fewer are refused.
    x = normal(rng, (steps, rows, channels, between(rng, 3, 7), between(rng, 3, 7)))
    return Instance("conv", parameters, buffers, x, rng.integers(classes, size=(steps, rows)))


def draw_tfm(rng, steps, rows):
    tokens, features, hidden, classes = (between(rng, 1, 6), HEADS * between(rng, 2, 6), between(rng, 1, 20),
                                         between(rng, 2, 5))
    parameters = {**norm(rng, features, "ln1g", "ln1b"), **norm(rng, features, "ln2g", "ln2b")}
    for name in "qkvo":
        parameters.update(linear(rng, features, features, "w" + name, "b" + name))
    parameters.update({**linear(rng, hidden, features, "f1w", "f1b"), **linear(rng, features, hidden, "f2w", "f2b"),
                       **linear(rng, classes, features, "w3", "b3")})
    return Instance("tfm", parameters, {}, normal(rng, (steps, rows, tokens, features)),
                    rng.integers(classes, size=(steps, rows)))


MODELS = (draw_mlp, draw_conv, draw_tfm)


def draw_instance(rng, draw_model):
    """At least eight rows: two for each of four ranks."""
    return draw_model(rng, between(rng, 3, 6), between(rng, 8, 14))


def draw_optimizer(rng, kind=None):
    """Keys that are left out have PyTorch's defaults."""
    kind = kind or pick(rng, ["sgd", "sgd", "nesterov", "adam", "adamw"])
    optimizer = {"kind": kind}
    if kind in ("adam", "adamw"):
        optimizer["lr"] = pick(rng, [1e-2, 1e-3])
        if chance(rng, 0.5):
            optimizer.update(betas=pick(rng, [[0.8, 0.95], [0.5, 0.999], [0.9, 0.99]]), eps=pick(rng, [1e-8, 1e-5]))
        if chance(rng, 0.3):
            optimizer["amsgrad"] = True
    else:
        optimizer.update(kind="sgd", lr=pick(rng, [0.1, 0.03]))
        if kind == "nesterov":
            optimizer.update(nesterov=True, momentum=pick(rng, [0.9, 0.5]))
        elif chance(rng, 0.8):
            optimizer.update(momentum=pick(rng, [0.9, 0.5]), dampening=pick(rng, [0.0, 0.3]))
    if chance(rng, 0.6):
        optimizer["weight_decay"] = pick(rng, [0.01, 0.1])
    if chance(rng, 0.1):
        optimizer["maximize"] = True
    return optimizer


def draw_clip(rng, order=None):
    """Mostly so low that it acts."""
    order = order or pick(rng, [1.0, 2.0, "inf", "value"])
    if order == "value":
        return {"type": "value", "max": pick(rng, [0.01, 0.05, 10.0])}
    return {"type": "norm", "max": pick(rng, [0.02, 0.1, 0.3, 10.0]), "p": order}


def chunked(begin, end, parts):
    """[begin, end) by the rule of torch.chunk, which may give fewer parts."""
    return [[int(part[0]), int(part[-1]) + 1] for part in torch.arange(begin, end).chunk(parts)]


def uneven_rows(rng, rows, parts):
    cuts = sorted(rng.choice(np.arange(1, rows), parts - 1, replace=False))
    return [[int(b), int(e)] for b, e in zip([0, *cuts], [*cuts, rows])]


def rows_of_ranks(settings, rows):
    world = settings["ranks"]
    return settings.get("rows") or [[rank * rows // world, (rank + 1) * rows // world] for rank in range(world)]


def draw_single(rng, _, kind=None, order=None):
    settings = {"family": "single", "optimizer": draw_optimizer(rng, kind)}
    return {**settings, "clip": draw_clip(rng, order)} if order else settings


def draw_accumulation(rng, instance, rule):
    parts = between(rng, 2, 5)
    settings = {"family": "gradient_accumulation", "optimizer": draw_optimizer(rng), "micro_batches": parts,
                "loss_scale": f"1/{parts}" if rule == "naive" else "rows/N"}
    if rule != "even":
        settings["rows"] = uneven_rows(rng, instance.rows, parts)
    return {**settings, "clip": draw_clip(rng)} if chance(rng, 0.3) else settings


def draw_data_parallel(rng, instance):
    """By the rule of chunks, which may leave replicas idle, or with rows given."""
    replicas = between(rng, 2, 5)
    settings = {"family": "data_parallel", "optimizer": draw_optimizer(rng), "replicas": replicas}
    return {**settings, "rows": uneven_rows(rng, instance.rows, replicas)} if chance(rng, 0.3) else settings


def draw_ddp(rng, instance, ranks, *features):
    settings = {"family": "distributed_data_parallel", "ranks": ranks, "sync_batch_norm": "syncbn" in features,
                "broadcast_buffers": "nobroadcast" not in features,
                "optimizer": draw_optimizer(rng, "adam" if "adam" in features else None)}
    if "uneven" in features:
        settings["rows"] = uneven_rows(rng, instance.rows, ranks)
    if "clip" in features:
        settings["clip"] = draw_clip(rng)
    if chance(rng, 0.2):
        settings["find_unused_parameters"] = True
    if "accumulation" in features:
        parts = between(rng, 2, 4)
        # One part of `parts` each is plain only where every rank has as many micro-batches.
        complete = all(len(chunked(b, e, parts)) == parts for b, e in rows_of_ranks(settings, instance.rows))
        settings.update(accumulation_steps=parts,
                        loss_scale=1.0 / parts if complete and chance(rng, 0.7) else "rows/N")
    return settings


def modes():
    """Every mode's name, the models that have it, and what draws it."""
    everywhere = ("mlp", "conv", "tfm")
    listed = [(f"single_{kind}", everywhere, draw_single, (kind,)) for kind in ("sgd", "nesterov", "adam", "adamw")]
    listed += [(f"clip_{name}", everywhere, draw_single, (None, order))
               for name, order in (("norm1", 1.0), ("norm2", 2.0), ("norminf", "inf"), ("value", "value"))]
    listed += [(f"accumulation_{rule}", everywhere, draw_accumulation, (rule,)) for rule in ("even", "uneven", "naive")]
    listed.append(("dataparallel", everywhere, draw_data_parallel, ()))
    for ranks in (2, 4):
        for features in ((), ("uneven",), ("accumulation",), ("clip",), ("adam",), ("nobroadcast",), ("syncbn",),
                         ("uneven", "accumulation", "clip"), ("uneven", "syncbn")):
            batch_norm = {"nobroadcast", "syncbn"} & set(features)
            listed.append(("_".join((f"ddp{ranks}", *features)), ("conv",) if batch_norm else everywhere, draw_ddp,
                           (ranks, *features)))
    return listed
