// SPDX-License-Identifier: Apache-2.0
#include "reference/clip_grad_norm_faults.hpp"

#include <algorithm>
#include <cmath>

#include "harness/plan/formula_operator.hpp"
#include "reference/clip_grad_norm.hpp"
#include "reference/vector_norm.hpp"

namespace lockstep {
namespace {

/// The clipping with the ways in which implementations are known to go wrong.
struct WrongClip {
  bool adds_norms = false, forgets_last_tensor = false, forgets_last_element = false, forgets_root = false;
  bool not_clamped = false, each_by_its_own = false, never_clips = false, forgets_eps = false;
  bool norm_afterwards = false;
};

/// Everything the wrong answer needs, from one pass over the gradients.
class WrongClipping final : public Evaluator<double> {
 public:
  WrongClipping(const ClipGradNorm& op, const WrongClip& wrong, const std::vector<Values>& in)
      : op_(op), wrong_(wrong), in_(in) {
    for (const Values& gradient : in) {
      const std::int64_t left_out = wrong.forgets_last_element ? 1 : 0;
      norms_.push_back(vector_norm<double>(
          std::max<std::int64_t>(gradient.count() - left_out, 0), [&](std::int64_t i) { return gradient[i]; },
          op.norm_type));
    }
    const std::size_t counted = norms_.size() - (wrong.forgets_last_tensor ? 1 : 0);
    total_ = vector_norm<double>(
        static_cast<std::int64_t>(counted), [&](std::int64_t k) { return norms_[static_cast<std::size_t>(k)]; },
        wrong.adds_norms ? 1 : op.norm_type);
    if (wrong.forgets_root) total_ = std::pow(total_, op.norm_type);
  }

  double element(std::size_t output, std::int64_t index) const override {
    if (output == in_.size()) return wrong_.norm_afterwards ? total_ * coefficient(total_) : total_;
    return in_[output][index] * coefficient(wrong_.each_by_its_own ? norms_[output] : total_);
  }

 private:
  double coefficient(double norm) const {
    if (wrong_.never_clips) return 1;
    const double ratio = op_.max_norm / (norm + (wrong_.forgets_eps ? 0 : kClipNormEpsilon));
    return ratio > 1 && !wrong_.not_clamped ? 1 : ratio;
  }

  ClipGradNorm op_;
  WrongClip wrong_;
  const std::vector<Values>& in_;
  std::vector<double> norms_;
  double total_ = 0;
};

}  // namespace

std::vector<Fault> clip_grad_norm_faults(const Problem& problem) {
  const ClipGradNorm op(problem);
  std::vector<Fault> faults;
  const auto add = [&](bool can_happen, const char* id, const char* description, WrongClip wrong) {
    if (!can_happen) return;
    faults.push_back({id, description, [wrong](const Problem& given, const std::vector<Values>& in) {
                        return std::make_unique<WrongClipping>(ClipGradNorm(given), wrong, in);
                      }});
  };
  const bool several = op.gradients.size() > 1;
  const bool has_root = std::isfinite(op.norm_type) && op.norm_type != 1 && op.norm_type != 0;
  // A norm without its only element would be that of nothing, which some orders do not have.
  bool has_neighbours = true;
  for (std::size_t k = 0; k < op.gradients.size(); ++k)
    has_neighbours = has_neighbours && element_count(op.gradients.shape(k)) > 1;
  add(several && op.norm_type != 1, "norms_added", "the norms of the tensors are added", {.adds_norms = true});
  add(several, "last_tensor_forgotten", "the last tensor does not enter the norm", {.forgets_last_tensor = true});
  add(has_neighbours && op.gradients.size() > 0, "last_element_forgotten",
      "the last element of every tensor does not enter its norm", {.forgets_last_element = true});
  add(has_root, "root_forgotten", "the sum of powers instead of the norm", {.forgets_root = true});
  add(true, "not_clamped", "small gradients are enlarged to max_norm", {.not_clamped = true});
  add(several, "each_by_its_own", "every tensor is clipped by its own norm", {.each_by_its_own = true});
  add(true, "never_clips", "gradients are returned as they are", {.never_clips = true});
  add(true, "eps_forgotten", "max_norm / total_norm without the 1e-6", {.forgets_eps = true});
  add(true, "norm_afterwards", "total_norm is that of the clipped gradients", {.norm_afterwards = true});
  return faults;
}

}  // namespace lockstep
