// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/scenario_options.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include "suites/drivers/options.hpp"

#include "harness/data/error.hpp"
#include "suites/drivers/number_checks.hpp"

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

void ScenarioOptions::add_options(Options& command) {
  command_ = command;
  command.add_option("--model", models, trainable_models()).delimiter(',').show_default();
  command.add_option("--ranks", ranks, "ranks of the parallel modes").delimiter(',').within(1, 256).show_default();
  command.add_option("--rows", rows, "rows of the whole batch").within(1, 1 << 20).show_default();
  command.add_option("--steps", steps, "optimiser steps; the first is not timed").within(1, 1 << 20).show_default();
  command.add_option("--seed", seed, "of initial parameters and data").check(reject_seed).show_default();
  // What describes one mode; the table of all modes has settings of its own, and would drop these without a word.
  const auto of_mode = [&]<class T>(const char* name, T& value, const char* description) {
    of_mode_.push_back(command.add_option(name, value, description));
    return of_mode_.back();
  };
  const auto flag_of_mode = [&](const char* name, bool& value, const char* description) {
    of_mode_.push_back(command.add_flag(name, value, description));
    return of_mode_.back();
  };
  of_mode("--dtype", dtype_, "of parameters in the timed run: f32 or f64").show_default();
  of_mode("--autocast", autocast_, "bf16 or f16 for matrix products and convolutions");
  of_mode("--loss-scale", loss_scale_, "initial loss scale; it grows and backs off (0: none)").check(reject_negative);
  of_mode("--optimizer", optimizer_, "sgd, adam or adamw").one_of({"sgd", "adam", "adamw"}).show_default();
  of_mode("--lr", lr_, "learning rate").check(reject_negative).show_default();
  momentum_given_ = of_mode("--momentum", momentum_, "of sgd").check(reject_negative).show_default();
  of_mode("--weight-decay", weight_decay_, "weight decay").check(reject_negative).show_default();
  flag_of_mode("--nesterov", nesterov_, "Nesterov's momentum, of sgd");
  of_mode("--clip-norm", clip_norm_, "clip the gradients' norm at this (0: do not clip)").check(reject_negative);
  norm_type_given_ = of_mode("--norm-type", norm_type_, "order of --clip-norm's norm: a number or inf").show_default();
  of_mode("--clip-value", clip_value_, "clip each gradient at this magnitude (0: do not clip)").check(reject_negative);
  of_mode("--micro-batches", micro_batches_, "per rank and step").within(1, 4096).show_default();
  flag_of_mode("--sync-batch-norm", sync_batch_norm_, "statistics of batch norm over all ranks");
  flag_of_mode("--no-buffer-broadcast", no_buffer_broadcast_, "leave running statistics to each rank");
  flag_of_mode("--find-unused-parameters", find_unused_, "reduce what a rank did not use as zeros");
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 40;
  of_mode("--first-bucket-bytes", first_bucket_bytes_, "of gradients, reduced first")
      .within(1, kMostBytes)
      .show_default();
  of_mode("--bucket-bytes", bucket_bytes_, "of gradients, all others").within(1, kMostBytes).show_default();
  flag_of_mode("--no-bucket-rebuild", no_bucket_rebuild_, "keep the first step's buckets");
  of_mode("--device-ids", device_ids_, "data_parallel: devices of the replicas, the first has the module")
      .delimiter(',');
  of_mode("--output-device", output_device_, "data_parallel: where outputs are gathered").within(0, 4095);
  of_mode("--rank-timeout", arrival_limit_, "seconds a rank waits for another in one collective")
      .check(reject_amount)
      .show_default();
}

bool ScenarioOptions::is_given(const char* option) const { return command_ && command_->is_given(option); }

void ScenarioOptions::check_without_mode() const {
  for (const Option& option : of_mode_)
    if (option.is_given())
      throw Error(option.name() + " without --mode; accepted: with --mode, since the table of all modes has its own");
  for (const int count : ranks)
    if (count > rows)
      throw Error("--ranks " + std::to_string(count) + " with --rows " + std::to_string(rows) +
                  "; accepted: at most as many ranks as rows");
}

void ScenarioOptions::check_together() const {
  if (clip_norm_ != 0.0 && clip_value_ != 0.0) throw Error("--clip-norm and --clip-value; accepted: one of them");
  if (norm_type_given_->is_given() && clip_norm_ == 0.0)
    throw Error("--norm-type without --clip-norm; accepted: with a --clip-norm above 0");
  if (optimizer_ != "sgd" && (momentum_given_->is_given() || nesterov_))
    throw Error("--momentum or --nesterov with --optimizer " + optimizer_ + "; accepted: with sgd");
  if (nesterov_ && momentum_ == 0.0) throw Error("--nesterov with --momentum 0; accepted: a momentum above 0");
}

Scenario ScenarioOptions::make(const std::string& model, const std::string& mode, int rank_count) const {
  check_together();
  find_trainable_model(model);
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
  plan.rebuild_buckets = !no_bucket_rebuild_;
  if (mode == "data_parallel") {
    plan.device_ids = device_ids_;
    if (output_device_ >= 0) plan.output_device = output_device_;
  }
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

void ScenarioOptions::go_on_with(const SavedTraining& saved) {
  const auto keep = [](const char* option, const std::string& given, const std::string& written) {
    if (given != written)
      throw Error(std::string(option) + " " + given + ", and the saved training has " + written +
                  ": its data would not go on; accepted: " + written);
  };
  if (is_given("--rows")) keep("--rows", std::to_string(rows), std::to_string(saved.rows));
  if (is_given("--seed")) keep("--seed", std::to_string(seed), std::to_string(saved.seed));
  rows = saved.rows;
  seed = saved.seed;
  if (!is_given("--model")) models = {saved.model};
  if (!is_given("--dtype")) dtype_ = name_of(saved.dtype);
  if (!is_given("--optimizer")) {
    optimizer_ = saved.optimizer.kind;
    if (!is_given("--lr")) lr_ = saved.optimizer.lr;
    if (!is_given("--momentum")) momentum_ = saved.optimizer.momentum;
    if (!is_given("--weight-decay")) weight_decay_ = saved.optimizer.weight_decay;
    if (!is_given("--nesterov")) nesterov_ = saved.optimizer.nesterov;
  }
  if (!is_given("--loss-scale") && saved.scales_loss) loss_scale_ = saved.state.loss_scale;
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
  if (!plan.rebuild_buckets) flags += " --no-bucket-rebuild";
  for (const int& device : plan.device_ids)
    flags += (&device == &plan.device_ids.front() ? " --device-ids " : ",") + std::to_string(device);
  if (plan.output_device) flags += flag("output-device", *plan.output_device);
  return flags;
}

}  // namespace lockstep
