// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/plan/case.hpp"
#include "reports/training_report.hpp"
#include "suites/training/data_sets.hpp"
#include "suites/training/student_t.hpp"

namespace lockstep {

/// A study of what the statistics of batch norm over more images do to what is learned.
struct BatchNormStudyPlan {
  int ranks = 4, group_ranks = 2;
  std::vector<int> images_per_rank = {1, 2, 4, 8, 16};
  /// The number of images per rank that decides how many seeds are needed.
  int deciding_images = 2;
  /// Numbers of seeds, rising, at which the difference is looked at; the last one is the limit.
  std::vector<int> looks = {4, 6, 8, 12, 20};
  std::int64_t steps = 200, steps_between_points = 25, test_images = 1000;
  /// lr falls in a straight line to 0 at the end: else the last accuracy depends on which batch was the last one.
  double lr = 0.03, momentum = 0.9;
};

/// One training: at every point the mean training loss since the point before, and the accuracy on the test images.
struct BatchNormTraining {
  std::vector<double> losses, accuracies;
};

/// What a study needs from outside. Data and catalogue are borrowed.
struct BatchNormStudySources {
  const FashionMnist& training;
  const FashionMnist& test;
  const Catalogue& catalogue;
  /// Trainings at once.
  int workers = 2;
  /// Told before each training; calls come one at a time.
  std::function<void(const std::string& what)> progress;
  /// Asked after every step; true ends the study with the seeds that are complete.
  std::function<bool()> stops = [] { return false; };
};

/// Images per rank and slices (see train_in_slices) of one way to normalise: ranks slices are local statistics, one is
/// synchronised ones. `seed` gives initial parameters and order of the data, the same for all numbers of slices.
BatchNormTraining train_for_study(const BatchNormStudyPlan& plan, const BatchNormStudySources& sources, int images,
                                  int slices, std::uint64_t seed);

/// Adds seeds from look to look until the interval of the mean of the differences excludes 0, or at the limit. Each look
/// uses its share (Bonferroni) of 5 %, so that the interval holds with 95 % whichever look is the last.
struct SeedSearch {
  std::vector<int> looks;
  double alpha() const { return 0.05 / static_cast<double>(looks.size()); }
  /// How many seeds to go to from these differences; empty when they are enough.
  std::optional<int> wanted(const std::vector<double>& differences) const;
};

/// supported: the interval lies above 0; refuted: below; else, NaN included, inconclusive.
reports::StudyVerdict verdict_of(const MeanInterval& interval);

/// "Synchronised statistics end at a higher accuracy than local ones: supported at 2 images per rank (...)".
std::string verdict_sentence(const reports::SyncBatchNormStudy& study);

/// The whole study but for its taxes. Throws Error for a plan that makes no sense.
reports::SyncBatchNormStudy study_batch_norm(const BatchNormStudyPlan& plan, const BatchNormStudySources& sources);

}  // namespace lockstep
