// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "reports/testing/synthetic_training.hpp"

namespace lockstep::reports {
namespace {

SyncBatchNormCurve curve(SyncBatchNormVariant variant, int group_ranks, int images, double accuracy) {
  SyncBatchNormCurve made{.variant = variant, .group_ranks = group_ranks, .images_per_rank = images};
  for (int seed = 1; seed <= 6; ++seed) {
    made.seeds.push_back(static_cast<std::uint64_t>(seed));
    made.final_accuracies.push_back(accuracy + 0.004 * (seed - 3.5));
  }
  const double width = 0.012;
  for (int step = 0; step <= 400; step += 20) {
    const double learned = 1 - std::exp(-step / 90.0);
    const double reached = 0.1 + (accuracy - 0.1) * learned, lost = 2.3 - (2.3 - 1.9 * (1 - accuracy)) * learned;
    made.steps.push_back(step);
    made.loss_mean.push_back(lost);
    made.loss_low.push_back(lost * 0.95);
    made.loss_high.push_back(lost * 1.06);
    made.accuracy_mean.push_back(reached);
    made.accuracy_low.push_back(reached - width * learned);
    made.accuracy_high.push_back(std::min(1.0, reached + width * learned));
  }
  return made;
}

}  // namespace

SyncBatchNormStudy synthetic_sync_batch_norm_study() {
  SyncBatchNormStudy study{.data_set = "Fashion-MNIST", .model = "small_resnet", .ranks = 4};
  using Variant = SyncBatchNormVariant;
  const std::vector<double> local{0.74, 0.83, 0.872};
  const std::vector<StudyVerdict> verdicts{StudyVerdict::supported, StudyVerdict::inconclusive, StudyVerdict::refuted};
  for (std::size_t index = 0; index < local.size(); ++index) {
    const int images = std::vector<int>{2, 8, 32}[index];
    study.curves.push_back(curve(Variant::whole_batch, 0, images, 0.871));
    study.curves.push_back(curve(Variant::local, 0, images, local[index]));
    study.curves.push_back(curve(Variant::synchronised, 0, images, 0.87));
    study.curves.push_back(curve(Variant::group, 2, images, (local[index] + 0.87) / 2));
    study.taxes.push_back({.images_per_rank = images,
                           .ranks = 4,
                           .oversubscribed = index == 2,
                           .parts = {{"latency of the collectives", 2.1e-3, "20 calls of 105 us"},
                                     {"waiting for the other ranks", 6.5e-3, "last arrival - own arrival"},
                                     {"waiting elsewhere", -0.5e-3, "other phases"}},
                           .residual_seconds = 1.1e-3 + 1e-4 * images,
                           .measured_seconds = 9.2e-3 + 1e-4 * images,
                           .predicted_seconds = 8.1e-3,
                           .formula = "layers x (latency of a forward and a backward collective) + bytes / bandwidth",
                           .collectives = 20,
                           .bytes = 10240});
    const double middle = 100 * (0.87 - local[index]);
    study.verdicts.push_back({.images_per_rank = images,
                              .claim = "synchronised statistics end at a higher accuracy than local ones",
                              .verdict = verdicts[index],
                              .low_points = middle - (index == 1 ? 4.6 : 1.1),
                              .high_points = middle + (index == 1 ? 4.6 : 0.15),
                              .seeds_used = 6});
  }
  return study;
}

}  // namespace lockstep::reports
