// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/scenario_options.hpp"

#include <cmath>
#include <limits>
#include <sstream>

#include "harness/data/error.hpp"
#include "reference/models/model.hpp"

namespace lockstep {
namespace {

template <class T>
std::string flag(const char* name, const T& value) {
  std::ostringstream text;
  text.precision(17);
  text << " --" << name << " " << value;
  return text.str();
}

DType precision(const std::string& name, const char* option, std::initializer_list<DType> accepted) {
  const DType dtype = parse_dtype(name);
  std::string names;
  for (const DType known : accepted) {
    if (dtype == known) return dtype;
    names += (names.empty() ? "" : ", ") + std::string(name_of(known));
  }
  throw Error(std::string(option) + " " + name + "; accepted: " + names);
}

}  // namespace

void ScenarioOptions::add_options(CLI::App& command) {
  std::string models_known;
  for (const ModelDefinition& model : model_definitions())
    models_known += (models_known.empty() ? "" : ", ") + model.name;
  command.add_option("--model", models, models_known)->delimiter(',')->capture_default_str();
  command.add_option("--ranks", ranks, "ranks of the parallel modes")
      ->delimiter(',')
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_option("--rows", rows, "rows of the whole batch")->check(CLI::Range(1, 1 << 20))->capture_default_str();
  command.add_option("--steps", steps, "optimiser steps; the first is not timed")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command.add_option("--seed", seed, "of initial parameters and data")->capture_default_str();
  command.add_option("--dtype", dtype_, "of parameters in the timed run: f32 or f64")->capture_default_str();
  command.add_option("--autocast", autocast_, "bf16 or f16 for matrix products and convolutions");
  command.add_option("--loss-scale", loss_scale_, "initial loss scale; it grows and backs off (0: none)");
  command.add_option("--optimizer", optimizer_, "sgd, adam or adamw")
      ->check(CLI::IsMember({"sgd", "adam", "adamw"}))
      ->capture_default_str();
  command.add_option("--lr", lr_, "learning rate")->capture_default_str();
  command.add_option("--momentum", momentum_, "of sgd")->capture_default_str();
  command.add_option("--weight-decay", weight_decay_, "weight decay")->capture_default_str();
  command.add_flag("--nesterov", nesterov_, "Nesterov's momentum");
  command.add_option("--clip-norm", clip_norm_, "clip the gradients' norm at this (0: do not clip)");
  command.add_option("--norm-type", norm_type_, "order of that norm: a number or inf")->capture_default_str();
  command.add_option("--clip-value", clip_value_, "clip each gradient at this magnitude (0: do not clip)");
  command.add_option("--micro-batches", micro_batches_, "per rank and step")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_flag("--sync-batch-norm", sync_batch_norm_, "statistics of batch norm over all ranks");
  command.add_flag("--no-buffer-broadcast", no_buffer_broadcast_, "leave running statistics to each rank");
  command.add_flag("--find-unused-parameters", find_unused_, "reduce what a rank did not use as zeros");
  command.add_option("--first-bucket-bytes", first_bucket_bytes_, "of gradients, reduced first")->capture_default_str();
  command.add_option("--bucket-bytes", bucket_bytes_, "of gradients, all others")->capture_default_str();
  command.add_option("--rank-timeout", arrival_limit_, "seconds a rank waits for another in one collective")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

Scenario ScenarioOptions::make(const std::string& model, const std::string& mode, int rank_count) const {
  if (clip_norm_ != 0.0 && clip_value_ != 0.0) throw Error("--clip-norm and --clip-value; accepted: one of them");
  find_model(model);
  Scenario scenario{.plan = {}, .model = model, .rows = rows, .steps = steps, .seed = seed};
  scenario.dtype = precision(dtype_, "--dtype", {DType::f32, DType::f64});
  TrainingPlan& plan = scenario.plan;
  plan.mode = mode;
  plan.ranks = rank_count;
  plan.micro_batches = micro_batches_;
  plan.optimizer = {.kind = optimizer_,
                    .lr = lr_,
                    .momentum = optimizer_ == "sgd" ? momentum_ : 0.0,
                    .weight_decay = weight_decay_,
                    .nesterov = nesterov_};
  plan.sync_batch_norm = sync_batch_norm_;
  plan.broadcast_buffers = !no_buffer_broadcast_;
  plan.find_unused_parameters = find_unused_;
  plan.first_bucket_bytes = first_bucket_bytes_;
  plan.bucket_bytes = bucket_bytes_;
  plan.arrival_limit_seconds = arrival_limit_;
  if (!autocast_.empty()) plan.autocast = precision(autocast_, "--autocast", {DType::bf16, DType::f16});
  if (loss_scale_ != 0.0) plan.loss_scaling = LossScalingPlan{.initial = loss_scale_};
  if (clip_norm_ != 0.0) {
    std::istringstream text(norm_type_);
    double norm_type = std::numeric_limits<double>::infinity();
    if (norm_type_ != "inf" && !(text >> norm_type && text.eof()))
      throw Error("--norm-type " + norm_type_ + "; accepted: a number or inf");
    plan.clipping = ClippingPlan{.kind = ClippingPlan::Kind::norm, .max = clip_norm_, .norm_type = norm_type};
  } else if (clip_value_ != 0.0) {
    plan.clipping = ClippingPlan{.kind = ClippingPlan::Kind::value, .max = clip_value_};
  }
  return scenario;
}

std::string ScenarioOptions::flags(const Scenario& scenario) {
  const TrainingPlan &plan = scenario.plan, none;
  const OptimizerPlan& optimizer = plan.optimizer;
  std::string flags =
      flag("dtype", name_of(scenario.dtype)) + flag("optimizer", optimizer.kind) + flag("lr", optimizer.lr);
  if (optimizer.kind == "sgd") flags += flag("momentum", optimizer.momentum);
  if (optimizer.weight_decay != 0.0) flags += flag("weight-decay", optimizer.weight_decay);
  if (optimizer.nesterov) flags += " --nesterov";
  if (plan.micro_batches != 1) flags += flag("micro-batches", plan.micro_batches);
  if (plan.sync_batch_norm) flags += " --sync-batch-norm";
  if (!plan.broadcast_buffers) flags += " --no-buffer-broadcast";
  if (plan.find_unused_parameters) flags += " --find-unused-parameters";
  if (plan.autocast) flags += flag("autocast", name_of(*plan.autocast));
  if (plan.loss_scaling) flags += flag("loss-scale", plan.loss_scaling->initial);
  if (plan.clipping && plan.clipping->kind == ClippingPlan::Kind::value)
    flags += flag("clip-value", plan.clipping->max);
  if (plan.clipping && plan.clipping->kind == ClippingPlan::Kind::norm)
    flags += flag("clip-norm", plan.clipping->max) + (std::isinf(plan.clipping->norm_type)
                                                          ? std::string(" --norm-type inf")
                                                          : flag("norm-type", plan.clipping->norm_type));
  if (plan.first_bucket_bytes != none.first_bucket_bytes) flags += flag("first-bucket-bytes", plan.first_bucket_bytes);
  if (plan.bucket_bytes != none.bucket_bytes) flags += flag("bucket-bytes", plan.bucket_bytes);
  return flags;
}

}  // namespace lockstep
