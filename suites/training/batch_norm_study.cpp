// SPDX-License-Identifier: Apache-2.0
#include "suites/training/batch_norm_study.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "harness/data/error.hpp"
#include "suites/training/catalogue_executor.hpp"
#include "suites/training/sliced_training.hpp"

namespace lockstep {
namespace {

using reports::SyncBatchNormVariant;

constexpr const char* kModel = "image_conv_net";

void check(const BatchNormStudyPlan& plan) {
  if (plan.ranks < 2) throw Error(std::to_string(plan.ranks) + " ranks; accepted: at least 2");
  if (plan.group_ranks < 2 || plan.ranks % plan.group_ranks != 0)
    throw Error("groups of " + std::to_string(plan.group_ranks) + " ranks of " + std::to_string(plan.ranks) +
                "; accepted: at least 2, and a divisor");
  if (std::find(plan.images_per_rank.begin(), plan.images_per_rank.end(), plan.deciding_images) ==
      plan.images_per_rank.end())
    throw Error(
        std::to_string(plan.deciding_images) +
        " images per rank decide on the seeds and are not studied; accepted: numbers of images with that among them");
  if (std::any_of(plan.images_per_rank.begin(), plan.images_per_rank.end(), [](int images) { return images < 1; }))
    throw Error("no images per rank; accepted: at least 1");
  if (plan.looks.empty() || plan.looks[0] < 2) throw Error("too few seeds; accepted: at least 2");
  if (plan.steps < 1 || plan.test_images < 1) throw Error("no steps or no test images; accepted: at least 1");
}

/// Trainings by images and slices, by seed; several run at once.
class Trainings {
 public:
  Trainings(const BatchNormStudyPlan& plan, const BatchNormStudySources& sources) : plan_(plan), sources_(sources) {}

  /// Makes sure of seeds 1 .. count. False when the study was stopped before.
  bool ensure(const std::vector<int>& images, const std::vector<int>& slices, int count) {
    struct Task {
      int images, slices, seed;
    };
    std::vector<Task> tasks;
    // Seed by seed, so that what is complete when the study is stopped is complete for all.
    for (int seed = 1; seed <= count; ++seed)
      for (const int n : images)
        for (const int parts : slices)
          if (static_cast<int>(done_[{n, parts}].size()) < seed) tasks.push_back({n, parts, seed});
    std::vector<BatchNormTraining> results(tasks.size());
    std::atomic<std::size_t> next = 0;
    std::mutex guard;
    std::exception_ptr failure;
    const auto work = [&] {
      try {
        for (std::size_t i = next++; i < tasks.size() && !sources_.stops(); i = next++) {
          const Task& task = tasks[i];
          if (sources_.progress) {
            const std::lock_guard lock(guard);
            sources_.progress("seed " + std::to_string(task.seed) + ", " + std::to_string(task.images) +
                              " images per rank, statistics of " + std::to_string(plan_.ranks / task.slices) +
                              " ranks");
          }
          results[i] =
              train_for_study(plan_, sources_, task.images, task.slices, static_cast<std::uint64_t>(task.seed));
        }
      } catch (...) {
        const std::lock_guard lock(guard);
        failure = std::current_exception();
        next = tasks.size();
      }
    };
    std::vector<std::thread> workers;
    for (int i = 0; i < sources_.workers; ++i) workers.emplace_back(work);
    for (std::thread& worker : workers) worker.join();
    if (failure) std::rethrow_exception(failure);
    const auto points =
        static_cast<std::size_t>((plan_.steps + plan_.steps_between_points - 1) / plan_.steps_between_points);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (results[i].losses.size() < points) return false;
      done_[{tasks[i].images, tasks[i].slices}].push_back(std::move(results[i]));
    }
    return true;
  }

  const std::vector<BatchNormTraining>& of(int images, int slices) { return done_[{images, slices}]; }

  /// By seed, synchronised - local final accuracy in percentage points, of the seeds that have both.
  std::vector<double> differences(int images) {
    const auto &synchronised = of(images, 1), &local = of(images, plan_.ranks);
    std::vector<double> points;
    for (std::size_t i = 0; i < std::min(synchronised.size(), local.size()); ++i)
      points.push_back(100.0 * (synchronised[i].accuracies.back() - local[i].accuracies.back()));
    return points;
  }

 private:
  const BatchNormStudyPlan& plan_;
  const BatchNormStudySources& sources_;
  std::map<std::pair<int, int>, std::vector<BatchNormTraining>> done_;
};

reports::SyncBatchNormCurve curve_of(const BatchNormStudyPlan& plan, const std::vector<BatchNormTraining>& trainings,
                                     SyncBatchNormVariant variant, int images) {
  reports::SyncBatchNormCurve curve{.variant = variant, .images_per_rank = images};
  if (variant == SyncBatchNormVariant::group) curve.group_ranks = plan.group_ranks;
  for (std::size_t i = 0; i < trainings.size(); ++i) {
    curve.seeds.push_back(i + 1);
    curve.final_accuracies.push_back(trainings[i].accuracies.back());
  }
  for (std::size_t point = 0; point < trainings[0].losses.size(); ++point) {
    curve.steps.push_back(std::min((static_cast<std::int64_t>(point) + 1) * plan.steps_between_points, plan.steps));
    std::vector<double> losses, accuracies;
    for (const BatchNormTraining& training : trainings) {
      losses.push_back(training.losses[point]);
      accuracies.push_back(training.accuracies[point]);
    }
    const MeanInterval loss = mean_interval(losses, 0.05), accuracy = mean_interval(accuracies, 0.05);
    curve.loss_mean.push_back(loss.mean);
    curve.loss_low.push_back(loss.low);
    curve.loss_high.push_back(loss.high);
    curve.accuracy_mean.push_back(accuracy.mean);
    curve.accuracy_low.push_back(std::max(0.0, accuracy.low));
    curve.accuracy_high.push_back(std::min(1.0, accuracy.high));
  }
  return curve;
}

std::string note_of(const BatchNormStudyPlan& plan, int seeds, bool decided) {
  std::ostringstream note;
  note
      << plan.steps << " steps of SGD with a learning rate that falls linearly from " << plan.lr << " to 0"
      << " and momentum " << plan.momentum << " in f32; accuracy on the first " << plan.test_images
      << " test images in evaluation mode; loss: mean of the training losses since the point before; bands: 95 % "
         "intervals (Student's t) of the mean over seeds. Ranks are simulated one after the other on one thread: local "
         "statistics are separate forwards of each rank's images with averaged gradients and rank 0's running "
         "statistics, groups of "
      << plan.group_ranks << " are as many ranks fewer with as many images more, and synchronised statistics are one "
      << "rank with the whole batch, so that these two curves come from the same runs. The tests hold all of this "
         "against ranks that are threads, in f64 (sliced_training_test, modes_test: "
         "SynchronisedBatchNormEqualsOneRankOnTheWholeBatch). All variants of a seed begin with the same parameters "
         "and "
         "see the same images in the same order. The difference at "
      << plan.deciding_images << " images per rank was looked at after ";
  for (std::size_t i = 0; i < plan.looks.size(); ++i)
    note << (i == 0 ? "" : i + 1 < plan.looks.size() ? ", " : " and ") << plan.looks[i];
  note << " seeds at most, each look with its share of 5 % (Bonferroni); it "
       << (decided ? "excluded 0 after " : "did not exclude 0 within ") << seeds
       << " seeds. Other numbers of images have those seeds too and plain 95 % intervals. So short a training says "
          "how fast each way learns, not where it would end. Even 1 image per rank trains: a channel has 784 and 196 "
          "values of it.";
  return note.str();
}

}  // namespace

std::optional<int> SeedSearch::wanted(const std::vector<double>& differences) const {
  if (static_cast<int>(differences.size()) >= looks[0] &&
      verdict_of(mean_interval(differences, alpha())) != reports::StudyVerdict::inconclusive)
    return std::nullopt;
  for (const int look : looks)
    if (look > static_cast<int>(differences.size())) return look;
  return std::nullopt;
}

reports::StudyVerdict verdict_of(const MeanInterval& interval) {
  if (interval.low > 0.0) return reports::StudyVerdict::supported;
  if (interval.high < 0.0) return reports::StudyVerdict::refuted;
  return reports::StudyVerdict::inconclusive;
}

BatchNormTraining train_for_study(const BatchNormStudyPlan& plan, const BatchNormStudySources& sources, int images,
                                  int slices, std::uint64_t seed) {
  TrainingJob job;
  job.plan.optimizer = {.kind = "sgd", .lr = plan.lr, .momentum = plan.momentum};
  job.steps = plan.steps;
  job.make_model = [seed] { return find_model(kModel).make({.dtype = DType::f32, .seed = seed}); };
  job.batch = sources.training.batches(static_cast<std::int64_t>(plan.ranks) * images, DType::f32, seed);
  job.make_executor = [&] {
    return std::make_unique<CatalogueExecutor>(sources.catalogue, std::vector{Backend::onednn});
  };
  BatchNormTraining training;
  double loss = 0.0;
  std::int64_t losses = 0;
  train_in_slices(job, slices, [&](Trainer& trainer) {
    loss += trainer.record.losses.back();
    ++losses;
    trainer.optimizer.set_lr(plan.lr * (1.0 - static_cast<double>(trainer.step) / static_cast<double>(plan.steps)));
    if (trainer.step % plan.steps_between_points == 0 || trainer.step == plan.steps) {
      training.losses.push_back(loss / static_cast<double>(losses));
      training.accuracies.push_back(
          evaluate(*trainer.model, trainer.autograd, sources.test, plan.test_images, DType::f32).accuracy);
      loss = 0.0;
      losses = 0;
    }
    return !sources.stops();
  });
  return training;
}

std::string verdict_sentence(const reports::SyncBatchNormStudy& study) {
  if (study.verdicts.empty()) return "No seed was trained to its end, so nothing is known of synchronised statistics.";
  std::ostringstream text;
  text.precision(2);
  text << std::fixed << "On " << study.data_set << " with " << study.ranks << " ranks, synchronised statistics "
       << "end at a higher accuracy than local ones:";
  for (const reports::SyncBatchNormVerdict& verdict : study.verdicts) {
    const char* word = verdict.verdict == reports::StudyVerdict::supported ? "supported"
                       : verdict.verdict == reports::StudyVerdict::refuted ? "refuted"
                                                                           : "inconclusive";
    text << (&verdict == &study.verdicts[0] ? " " : "; ") << word << " at " << verdict.images_per_rank
         << (verdict.images_per_rank == 1 ? " image" : " images") << " per rank (" << std::showpos << verdict.low_points
         << " to " << verdict.high_points << std::noshowpos << " points, " << verdict.seeds_used << " seeds)";
  }
  return text.str() + ".";
}

reports::SyncBatchNormStudy study_batch_norm(const BatchNormStudyPlan& plan, const BatchNormStudySources& sources) {
  check(plan);
  Trainings trainings(plan, sources);
  const SeedSearch search{plan.looks};
  const std::vector<int> deciding{1, plan.ranks};
  int seeds = 0;
  bool goes_on = true;
  while (goes_on) {
    const std::optional<int> wanted = search.wanted(trainings.differences(plan.deciding_images));
    if (!wanted) break;
    goes_on = trainings.ensure({plan.deciding_images}, deciding, *wanted);
    if (goes_on) seeds = *wanted;
  }
  const int group_slices = plan.ranks / plan.group_ranks;
  std::vector<int> slices{1, plan.ranks};
  if (group_slices != 1) slices.push_back(group_slices);
  if (goes_on) trainings.ensure(plan.images_per_rank, slices, seeds);

  reports::SyncBatchNormStudy study{.data_set = "Fashion-MNIST", .model = kModel, .ranks = plan.ranks};
  for (const int images : plan.images_per_rank) {
    const auto add = [&](SyncBatchNormVariant variant, int parts) {
      const std::vector<BatchNormTraining>& runs = trainings.of(images, parts);
      if (!runs.empty()) study.curves.push_back(curve_of(plan, runs, variant, images));
    };
    add(SyncBatchNormVariant::whole_batch, 1);
    add(SyncBatchNormVariant::local, plan.ranks);
    add(SyncBatchNormVariant::synchronised, 1);
    if (group_slices != 1) add(SyncBatchNormVariant::group, group_slices);
    const std::vector<double> differences = trainings.differences(images);
    const bool decides = images == plan.deciding_images;
    const MeanInterval interval = mean_interval(differences, decides ? search.alpha() : 0.05);
    if (!differences.empty())
      study.verdicts.push_back({.images_per_rank = images,
                                .claim = "synchronised statistics end at a higher accuracy than local ones",
                                .verdict = verdict_of(interval),
                                .low_points = interval.low,
                                .high_points = interval.high,
                                .seeds_used = static_cast<int>(differences.size())});
  }
  const bool decided = verdict_of(mean_interval(trainings.differences(plan.deciding_images), search.alpha())) !=
                       reports::StudyVerdict::inconclusive;
  study.note = note_of(plan, seeds, decided);
  return study;
}

}  // namespace lockstep
