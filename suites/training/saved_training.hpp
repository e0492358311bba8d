// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "suites/training/job.hpp"

namespace lockstep {

/// A training that was put on disk: its state, and what else decides how it goes on. Data are a function of data set, seed,
/// rows and step, so these are the position in the data and the generator.
struct SavedTraining {
  TrainingState state;
  std::string model;
  DType dtype = DType::f32;
  OptimizerPlan optimizer;
  bool scales_loss = false;
  /// fashion_mnist or synthetic.
  std::string data = "synthetic";
  std::uint64_t seed = 1;
  /// Of the whole batch.
  std::int64_t rows = 0;
  /// What wrote it; training goes on in any other mode and at any other number of ranks.
  std::string mode;
  int ranks = 1;
};

/// Makes the folder and writes into it, so that hours of work do not end at one that cannot be written: Error then.
void prepare_for_saving(const std::filesystem::path& folder);

/// Writes <folder>/state_<n>/{training.json, model/<parameter or buffer>.npy, optimizer/<tensor>.<parameter>.npy} and then
/// <folder>/latest, which names it: a reader finds the state before or this one, whole. The one before is removed. Throws
/// Error naming what cannot be written.
void save_training(const SavedTraining& training, const std::filesystem::path& folder);

/// Reads what <folder>/latest names. Throws Error with one line that names the file or entry that is missing, unexpected,
/// cut off, of another shape, or changed since it was written.
SavedTraining read_training(const std::filesystem::path& folder);

/// Throws Error naming every entry that the model or its optimizer lacks, does not know, or has in another shape.
void expect_fits(const SavedTraining& training, const std::string& model, const OptimizerPlan& optimizer);

}  // namespace lockstep
