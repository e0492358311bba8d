// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "suites/drivers/options.hpp"
#include "suites/training/saved_training.hpp"
#include "suites/training/scenario.hpp"

namespace lockstep {

/// Options of commands that train, and the scenarios that they describe.
struct ScenarioOptions {
  std::vector<std::string> models{"exact", "mlp", "conv", "tfm", "image_conv_net"};
  std::vector<int> ranks{2, 4};
  std::int64_t rows = 16, steps = 6;
  std::uint64_t seed = 1;

  void add_options(Options& command);
  /// The scenario of one mode with every option applied. Throws Error for options that contradict each other.
  Scenario make(const std::string& model, const std::string& mode, int ranks) const;
  /// Throws Error for what was given and would have no effect without a mode.
  void check_without_mode() const;
  /// Takes from a saved training what the command line leaves open: model, rows, seed, dtype, optimizer and loss scaling.
  /// Throws Error where it gives rows or a seed of its own, since the data would not go on.
  void go_on_with(const SavedTraining& saved);
  /// A scenario's settings as options of the command line, each with a space before it.
  static std::string flags(const Scenario& scenario);
  /// Whether the command line has the option.
  bool is_given(const char* option) const;

 private:
  void check_together() const;

  std::optional<Options> command_;
  std::string dtype_ = "f32", optimizer_ = "sgd", autocast_, norm_type_ = "2";
  double lr_ = 0.05, momentum_ = 0.9, weight_decay_ = 0.0, clip_norm_ = 0.0, clip_value_ = 0.0, loss_scale_ = 0.0;
  int micro_batches_ = 1;
  bool nesterov_ = false, sync_batch_norm_ = false, no_buffer_broadcast_ = false, find_unused_ = false;
  bool no_bucket_rebuild_ = false;
  std::vector<int> device_ids_;
  int output_device_ = -1;
  std::int64_t first_bucket_bytes_ = TrainingPlan{}.first_bucket_bytes, bucket_bytes_ = TrainingPlan{}.bucket_bytes;
  double arrival_limit_ = 60.0;
  std::vector<Option> of_mode_;
  std::optional<Option> momentum_given_, norm_type_given_;
};

}  // namespace lockstep
