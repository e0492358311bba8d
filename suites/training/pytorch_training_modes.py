# SPDX-License-Identifier: Apache-2.0
"""Trains in PyTorch, float64: on one process, and by DistributedDataParallel over gloo on several real ones."""

import contextlib
import datetime
import multiprocessing
import os
import pathlib
import sys

import numpy as np
import torch
import torch.distributed
import torch.distributed.nn.functional
import torch.nn.functional as F

from pytorch_training_cases import HEADS, chunked, rows_of_ranks

OPTIMISERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
MOMENTUM, EPS = 0.1, 1e-5


def batch_norm(x, running_mean, running_var, weight, bias):
    return F.batch_norm(x, running_mean, running_var, weight, bias, True, MOMENTUM, EPS)


def synchronised_batch_norm(x, running_mean, running_var, weight, bias):
    """Statistics over all ranks. PyTorch's SyncBatchNorm has no CPU kernels; these collectives know their gradient."""
    everywhere = torch.distributed.nn.functional.all_reduce
    shape, axes = (1, -1, 1, 1), (0, 2, 3)
    count = everywhere(torch.tensor(float(x.numel() // x.shape[1]), dtype=x.dtype))
    mean = everywhere(x.sum(axes)) / count
    centred = x - mean.view(shape)
    squares = everywhere((centred * centred).sum(axes))
    with torch.no_grad():
        running_mean.lerp_(mean, MOMENTUM)
        running_var.lerp_(squares / (count - 1), MOMENTUM)
    return centred * (weight * torch.rsqrt(squares / count + EPS)).view(shape) + bias.view(shape)


class CaseModel(torch.nn.Module):
    """A model of the format, with the case's names."""

    def __init__(self, instance, norm=batch_norm):
        super().__init__()
        self.kind, self.norm = instance.model, norm
        for name, array in instance.parameters.items():
            self.register_parameter(name, torch.nn.Parameter(torch.tensor(array)))
        for name, array in instance.buffers.items():
            self.register_buffer(name, torch.tensor(array))

    def forward(self, x, statistics=None):
        return getattr(self, self.kind)(x, statistics or dict(self.named_buffers()))

    def mlp(self, x, _):
        h = torch.tanh(F.linear(x, self.w1, self.b1))
        return F.linear(F.gelu(F.linear(h, self.w2, self.b2)), self.w3, self.b3)

    def conv(self, x, s):
        h = F.conv2d(x, self.k1, self.c1b, padding=1)
        h = F.relu(self.norm(h, s["rm1"], s["rv1"], self.g1, self.h1))
        h = F.conv2d(h, self.k2, self.c2b, stride=2, padding=1)
        h = F.relu(self.norm(h, s["rm2"], s["rv2"], self.g2, self.h2))
        return F.linear(h.mean((2, 3)), self.w3, self.b3)

    def tfm(self, x, _):
        features = x.shape[-1:]
        h = F.layer_norm(x, features, self.ln1g, self.ln1b, EPS).transpose(0, 1)
        mixed, _ = F.multi_head_attention_forward(
            h, h, h, features[0], HEADS, torch.cat([self.wq, self.wk, self.wv]),
            torch.cat([self.bq, self.bk, self.bv]), None, None, False, 0.0, self.wo, self.bo, need_weights=False)
        x = x + mixed.transpose(0, 1)
        h = F.gelu(F.linear(F.layer_norm(x, features, self.ln2g, self.ln2b, EPS), self.f1w, self.f1b))
        return F.linear((x + F.linear(h, self.f2w, self.f2b)).mean(1), self.w3, self.b3)


def loss_of(instance, output, target):
    return F.mse_loss(output, target) if instance.model == "mlp" else F.cross_entropy(output, target)


def accumulate(model, instance, x, y, ranges, equally):
    """Gradients of all micro-batches in .grad; the mean loss over their rows. DDP synchronises the last one."""
    rows, mean = sum(e - b for b, e in ranges), 0.0
    for k, (b, e) in enumerate(ranges):
        is_last = k + 1 == len(ranges)
        with contextlib.nullcontext() if is_last or not hasattr(model, "no_sync") else model.no_sync():
            loss = loss_of(instance, model(x[b:e]), y[b:e])
            (loss * (1.0 / len(ranges) if equally else (e - b) / rows)).backward()
        mean += loss.item() * (e - b) / rows
    return mean


def data_parallel(model, instance, x, y, ranges):
    """Replicas differ in their statistics alone; those of replica 0 are the model's."""
    outputs = [model(x[b:e], None if k == 0 else {n: s.clone() for n, s in model.named_buffers()})
               for k, (b, e) in enumerate(ranges)]
    loss = loss_of(instance, torch.cat(outputs), y)
    loss.backward()
    return loss.item()


def finish_step(optimiser, parameters, clip):
    """Clips and steps; the gradient's L2 norm before."""
    total = torch.stack([p.grad.norm() for p in parameters]).norm().item()
    if clip and clip["type"] == "norm":
        torch.nn.utils.clip_grad_norm_(parameters, clip["max"], float(clip["p"]))
    elif clip:
        torch.nn.utils.clip_grad_value_(parameters, clip["max"])
    optimiser.step()
    optimiser.zero_grad()
    return total


def train(instance, settings, model, step):
    """`step` leaves the gradients of one batch and returns its loss."""
    parameters = list(model.parameters())
    optimiser = OPTIMISERS[settings["optimizer"]["kind"]](
        parameters, **{key: value for key, value in settings["optimizer"].items() if key != "kind"})
    losses, norms = [], []
    for x, y in zip(torch.tensor(instance.x), torch.tensor(instance.y)):
        losses.append(step(x, y))
        norms.append(finish_step(optimiser, parameters, settings.get("clip")))
    return {"losses": np.array(losses), "grad_norms": np.array(norms),
            **{"final/" + n: p.detach().numpy().copy() for n, p in model.named_parameters()},
            **{"final_buffers/" + n: b.numpy().copy() for n, b in model.named_buffers()}}


def weighs_equally(settings):
    return settings.get("loss_scale", "rows/N") != "rows/N"


def train_on_one_process(instance, settings):
    model = CaseModel(instance)
    ranges = settings.get("rows") or chunked(0, instance.rows,
                                             settings.get("replicas", settings.get("micro_batches", 1)))

    def step(x, y):
        if settings["family"] == "data_parallel":
            return data_parallel(model, instance, x, y, ranges)
        return accumulate(model, instance, x, y, ranges, weighs_equally(settings))

    return train(instance, settings, model, step)


def train_rank(instance, settings, rank):
    model = CaseModel(instance, synchronised_batch_norm if settings["sync_batch_norm"] else batch_norm)
    parallel = torch.nn.parallel.DistributedDataParallel(
        model, broadcast_buffers=settings["broadcast_buffers"],
        find_unused_parameters=settings.get("find_unused_parameters", False))
    begin, end = rows_of_ranks(settings, instance.rows)[rank]
    ranges = chunked(begin, end, settings.get("accumulation_steps", 1))
    return train(instance, settings, model,
                 lambda x, y: accumulate(parallel, instance, x, y, ranges, weighs_equally(settings)))


def run_rank(rank, world, jobs, work):
    # PyTorch warns of options that are only of no use; what it says is shown where a rank fails.
    with open(work / f"rank{rank}_of_{world}.txt", "w", encoding="utf-8") as said:
        os.dup2(said.fileno(), sys.stderr.fileno())
    torch.distributed.init_process_group("gloo", init_method=f"file://{work}/store{world}", rank=rank, world_size=world,
                                         timeout=datetime.timedelta(seconds=120))
    for name, (instance, settings) in jobs.items():
        np.savez(work / f"rank{rank}_of_{world}_{name.replace('/', '_')}.npz", **train_rank(instance, settings, rank))
    torch.distributed.destroy_process_group()


def joined(ranks):
    """The ranks' arrays in the shapes of the format. Ranks that disagree about a parameter would make no answer."""
    answer = {}
    for name, first in ranks[0].items():
        every = [rank[name] for rank in ranks]
        if name == "losses":
            answer[name] = np.stack(every, 1)
        elif name.startswith("final_buffers/"):
            answer[name] = np.stack(every)
        elif not all(np.array_equal(first, other) for other in every):
            raise RuntimeError(f"PyTorch's own ranks have different {name}")
        else:
            answer[name] = first
    return answer


def train_on_processes(world, jobs, work):
    """Answers by name. The forked processes know the drawn cases, and meet over a file and the loopback."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    work = pathlib.Path(work).resolve()
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=run_rank, args=(rank, world, jobs, work)) for rank in range(world)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    failed = [rank for rank, process in enumerate(processes) if process.exitcode != 0]
    if failed:
        said = (work / f"rank{failed[0]}_of_{world}.txt").read_text()
        raise RuntimeError(f"PyTorch's ranks {failed} of {world} failed; rank {failed[0]}: {said}")
    return {name: joined([dict(np.load(work / f"rank{rank}_of_{world}_{name.replace('/', '_')}.npz"))
                          for rank in range(world)]) for name in jobs}
