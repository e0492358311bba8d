# SPDX-License-Identifier: Apache-2.0
"""Draws calls of optimisers and of gradient clipping; see pytorch_cases."""

import torch

from pytorch_cases import Call, chance, shape, values


def draw_steps(rng, op, optimiser, parameters, state_names):
    """`steps` steps on one parameter; now and then a parameter that PyTorch refuses."""
    of_shape, steps = shape(rng, 0, 3, 2000), int(rng.integers(1, 5))
    parameters["lr"] = float(rng.choice([0.1, 0.01, 1.0, 0.0]))
    if chance(rng, 0.4):
        parameters["weight_decay"] = float(rng.choice([0.1, 0.01, 0.0]))
    if chance(rng, 0.3):
        parameters["maximize"] = True
    if chance(rng, 0.08):
        parameters[str(rng.choice(["lr", "weight_decay"]))] = float(rng.choice([-0.1, -1.0, -1e-5]))
    inputs = {"p": values(rng, of_shape), **{f"grad{k}": values(rng, of_shape) for k in range(steps)}}

    def function(t):
        p = t["p"].clone().requires_grad_()
        step = optimiser([p], **parameters)
        outputs = {}
        for k in range(steps):
            p.grad = t[f"grad{k}"].clone()
            step.step()
            outputs[f"p_after{k}"] = p.detach().clone()
        outputs.update({"state_" + n: step.state[p][n].clone() for n in state_names if step.state[p].get(n) is not None})
        return outputs

    return Call(op, {**parameters, "steps": steps}, inputs, function, (), [])


def draw_sgd(rng):
    parameters = {}
    if chance(rng, 0.7):
        parameters["momentum"] = float(rng.choice([0.9, 0.5, 0.0, 0.3]))
    if chance(rng, 0.4):
        parameters["nesterov"] = True
    if chance(rng, 0.3):
        parameters["dampening"] = float(rng.choice([0.5, 0.1, 1.0]))
    return draw_steps(rng, "sgd", torch.optim.SGD, parameters, ["momentum_buffer"])


def draw_adam(rng):
    decoupled = chance(rng, 0.5)
    parameters = {"eps": float(rng.choice([1e-8, 1e-3, 1e-5]))}
    if chance(rng, 0.5):
        parameters["betas"] = [[0.8, 0.95], [0.5, 0.999], [0.0, 0.0], [0.9, 0.99], [1.0, 0.9], [0.9, -0.1]][
            rng.integers(6)]
    if chance(rng, 0.4):
        parameters["amsgrad"] = True
    return draw_steps(rng, "adamw" if decoupled else "adam", torch.optim.AdamW if decoupled else torch.optim.Adam,
                      parameters, ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"])


def parameters_with_gradients(t):
    made = []
    for gradient in t.values():
        made.append(torch.zeros_like(gradient).requires_grad_())
        made[-1].grad = gradient.clone()
    return made


def draw_gradients(rng):
    return {f"grad{k}": values(rng, shape(rng, 0, 3, 2000), True) for k in range(int(rng.integers(1, 5)))}


def outputs_of(made):
    return {f"out{k}": p.grad for k, p in enumerate(made)}


def draw_clip_grad_norm(rng):
    parameters = {"max_norm": float(rng.choice([0.7, 1.0, 10.0, 0.0, -1.0, 1000.0]))}
    if chance(rng, 0.7):
        parameters["norm_type"] = [1.0, 2.0, 3.0, 0.5, 0.0, -1.0, "inf", "-inf"][rng.integers(8)]
    if chance(rng, 0.4):
        parameters["error_if_nonfinite"] = chance(rng, 0.7)

    def function(t):
        made = parameters_with_gradients(t)
        total = torch.nn.utils.clip_grad_norm_(made, parameters["max_norm"], float(parameters.get("norm_type", 2.0)),
                                               parameters.get("error_if_nonfinite", False))
        return {**outputs_of(made), "total_norm": total}

    return Call("clip_grad_norm", parameters, draw_gradients(rng), function, (), [])


def draw_clip_grad_value(rng):
    parameters = {"clip_value": float(rng.choice([0.5, 0.3, 1.0, 0.0, 100.0, -0.5]))}

    def function(t):
        made = parameters_with_gradients(t)
        torch.nn.utils.clip_grad_value_(made, parameters["clip_value"])
        return outputs_of(made)

    return Call("clip_grad_value", parameters, draw_gradients(rng), function, (), [])


DRAWS = (draw_sgd, draw_adam, draw_clip_grad_norm, draw_clip_grad_value)
