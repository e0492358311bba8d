// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/autograd/autograd.hpp"
#include "harness/autograd/module.hpp"
#include "harness/communicator/communicator.hpp"
#include "suites/training/gradient_buckets.hpp"
#include "suites/training/plan.hpp"
#include "suites/training/step_clock.hpp"

namespace lockstep {

/// Averages the gradients of all ranks while the backward runs, as DistributedDataParallel does: the moment a leaf has its
/// gradient it is divided by the number of ranks into its bucket, and a full bucket starts its reduction. Buckets start in
/// their order, on every rank the same, so a bucket that is ready waits for those before it. The first step's buckets
/// follow the parameters from the last to the first; behind it they follow the gradients (torch begins with one bucket of
/// everything instead, which hides nothing).
class GradientReducer {
 public:
  /// Registers on the parameters; everything is borrowed and outlives the reducer. Throws Error for no parameters.
  GradientReducer(Communicator& communicator, Autograd& autograd, std::vector<NamedVariable> parameters,
                  const TrainingPlan& plan, StepClock& clock);
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  /// Before the backward from `loss` whose gradients are to be reduced. Without it gradients stay on the rank: no_sync.
  void prepare(const Variable& loss);
  /// After that backward: waits, and puts the averages in place of the gradients. A parameter that no rank used keeps the
  /// gradient it had (or none). Throws Error naming the parameters that got no gradient on this rank, unless the plan
  /// finds unused parameters.
  void finish();
  /// Reduces what the leaves hold, without a backward to overlap with: prepare, arrive and finish at once.
  void reduce_accumulated();
  /// What a rank without a batch does in the place of prepare, backward and finish: it contributes zeros.
  void shadow();
  /// Behind a reduction, on all ranks. The first time, where the plan rebuilds: lays the buckets out anew, filled in the
  /// order in which gradients arrived on `root`, a rank that had a batch. From then on it does nothing.
  void rebuild(int root);

  std::size_t bucket_count() const { return buckets_.size(); }
  std::int64_t bucket_bytes() const;
  /// Parameters by bucket, in the order of the reduction.
  std::vector<std::vector<std::string>> bucket_names() const;

 private:
  struct Bucket {
    GradientBucket layout;
    Values contents;
    std::size_t missing = 0;
    Handle handle;
    double started = 0;
  };
  struct Place {
    std::size_t bucket = 0;
    std::int64_t offset = 0;
  };

  void lay_out(std::vector<GradientBucket> layouts);
  void reset();
  void arrived(std::size_t parameter, const Variable* gradient);
  void start_ready();
  void start(std::size_t bucket);
  void find_unused(const Variable& loss);
  double weight() const;

  Communicator& communicator_;
  Autograd& autograd_;
  std::vector<NamedVariable> parameters_;
  const TrainingPlan& plan_;
  StepClock& clock_;
  std::vector<Bucket> buckets_;
  std::vector<BucketItem> items_;
  std::vector<Place> places_;
  std::vector<HookId> hooks_;
  std::vector<std::size_t> order_;  // in which buckets start
  bool active_ = false;
  std::size_t next_ = 0;
  std::vector<bool> has_arrived_;
  std::vector<std::int64_t> arrivals_;  // parameters in the order of the reduction's backward
  bool may_rebuild_ = false;
  /// By parameter, how many ranks used it; empty unless unused parameters are looked for.
  std::vector<std::int64_t> users_;
};

}  // namespace lockstep
