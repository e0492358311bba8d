// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "harness/plan/formula_operator.hpp"
#include "reference/batch_norm_merge.hpp"
#include "reference/value_count.hpp"

namespace lockstep {
namespace {

using Evaluation = std::unique_ptr<Evaluator<double>>;
using Inputs = std::vector<Values>;

/// One channel as its ranks report it, in double.
struct Reports {
  std::vector<double> counts, means, m2s;

  double total() const {
    double n = 0;
    for (const double count : counts) n += count;
    return n;
  }
};

struct Answer {
  double mean = 0, m2 = 0, n = 0;
};

Answer merge(const Reports& ranks) {
  Answer all{.n = ranks.total()};
  for (std::size_t j = 0; j < ranks.counts.size(); ++j)
    if (ranks.counts[j] > 0) all.mean += ranks.counts[j] / all.n * ranks.means[j];
  for (std::size_t j = 0; j < ranks.counts.size(); ++j)
    if (ranks.counts[j] > 0)
      all.m2 += ranks.m2s[j] + ranks.counts[j] * (ranks.means[j] - all.mean) * (ranks.means[j] - all.mean);
  return all;
}

/// What becomes of mean, m2 and n.
struct Finish {
  double eps, factor, taken_from_n = 1;  // unbiased: m2 / (n - 1)
  bool eps_outside = false, unbiased_rstd = false;
};

Evaluation answer(const BatchNormMerge& op, const Inputs& in, const Finish& finish,
                  const std::function<Answer(Reports)>& merge_channel) {
  std::vector<Answer> answers;
  std::int64_t n = 0;
  for (std::int64_t c = 0; c < op.channels; ++c) {
    Reports ranks;
    n = 0;
    for (std::int64_t j = 0; j < op.ranks; ++j) {
      const std::int64_t count = ValueCount::of(in[2][2 * j], in[2][2 * j + 1]).count;
      n += count;
      ranks.counts.push_back(static_cast<double>(count));
      ranks.means.push_back(in[0][j * op.channels + c]);
      ranks.m2s.push_back(in[1][j * op.channels + c]);
    }
    answers.push_back(merge_channel(std::move(ranks)));
  }
  if (n == 0) return nullptr;
  return std::make_unique<WrongAnswer>([answers, finish, n, &in](std::size_t output, std::int64_t index) {
    if (output == 2) return ValueCount{n}.digit(index);
    const Answer& a = answers[static_cast<std::size_t>(index)];
    if (output == 0) return a.mean;
    const double variance = a.m2 / (finish.unbiased_rstd ? a.n - 1 : a.n);
    if (output == 1)
      return finish.eps_outside ? 1 / (std::sqrt(variance) + finish.eps) : 1 / std::sqrt(variance + finish.eps);
    if (output == 3) return (1 - finish.factor) * in[3][index] + finish.factor * a.mean;
    return (1 - finish.factor) * in[4][index] + finish.factor * a.m2 / (a.n - finish.taken_from_n);
  });
}

/// The ranks' reports are changed before they are merged.
Fault changed(const char* id, const char* description, std::function<bool(const BatchNormMerge&, Reports&)> change) {
  return {id, description, [change](const Problem& p, const Inputs& in) -> Evaluation {
            const BatchNormMerge op(p);
            bool possible = true;
            auto wrong = answer(op, in, {.eps = op.eps, .factor = op.factor}, [&](Reports ranks) {
              possible = possible && change(op, ranks);
              return possible ? merge(ranks) : Answer{};
            });
            return possible ? std::move(wrong) : nullptr;
          }};
}

/// Merged rightly, finished wrongly.
Fault finished(const char* id, const char* description, std::function<bool(const Problem&, Finish&)> change) {
  return {id, description, [change](const Problem& p, const Inputs& in) -> Evaluation {
            const BatchNormMerge op(p);
            Finish finish{.eps = op.eps, .factor = op.factor};
            return change(p, finish) ? answer(op, in, finish, merge) : nullptr;
          }};
}

double half(double count) { return round_to(DType::f16, count); }

/// The variance of a rank from its 1 / sqrt(variance + eps), in float, as PyTorch's message has it.
double rebuilt_m2(double m2, double count, double eps) {
  const auto n = static_cast<float>(count), e = static_cast<float>(eps);
  const float rstd = 1.0f / std::sqrt(static_cast<float>(m2) / n + e);
  return static_cast<double>((1.0f / (rstd * rstd) - e) * n);
}

std::vector<Fault> faults_of_merging() {
  return {
      changed("mean_of_means", "ranks averaged without their counts",
              [](const BatchNormMerge&, Reports& ranks) {
                double present = 0;
                for (const double count : ranks.counts) present += count > 0;
                const double n = ranks.total();
                for (std::size_t j = 0; j < ranks.counts.size(); ++j) {
                  if (ranks.counts[j] == 0) continue;
                  ranks.m2s[j] *= n / present / ranks.counts[j];
                  ranks.counts[j] = n / present;
                }
                return present > 1;
              }),
      changed("own_count_for_all", "the first rank's count taken for that of every rank",
              [](const BatchNormMerge&, Reports& ranks) {
                for (double& count : ranks.counts) count = ranks.counts[0];
                return ranks.counts[0] > 0;
              }),
      changed("empty_rank_merged", "a rank without values counts as one value",
              [](const BatchNormMerge&, Reports& ranks) {
                bool any = false;
                for (double& count : ranks.counts) {
                  any = any || count == 0;
                  count = std::max(count, 1.0);
                }
                return any;
              }),
      changed("last_rank_left_out", "the statistics of one rank less",
              [](const BatchNormMerge&, Reports& ranks) {
                ranks.counts.back() = 0;
                return ranks.total() > 0;
              }),
      changed("counts_in_half", "counts rounded to float16, as those of a model in half precision",
              [](const BatchNormMerge&, Reports& ranks) {
                for (double& count : ranks.counts) count = half(count);
                return true;
              }),
      changed("count_digit_lost", "only what a count exceeds multiples of 2^24 by",
              [](const BatchNormMerge&, Reports& ranks) {
                for (double& count : ranks.counts) count = std::fmod(count, static_cast<double>(ValueCount::kBase));
                return ranks.total() > 1;
              }),
      changed("variance_from_rstd", "a rank's m2 rebuilt from 1 / sqrt(variance + eps) in float",
              [](const BatchNormMerge& op, Reports& ranks) {
                for (std::size_t j = 0; j < ranks.counts.size(); ++j)
                  if (ranks.counts[j] > 0) ranks.m2s[j] = rebuilt_m2(ranks.m2s[j], ranks.counts[j], op.eps);
                return true;
              }),
      {"without_mean_terms", "m2 as the sum of the ranks' m2 alone",
       [](const Problem& p, const Inputs& in) -> Evaluation {
         const BatchNormMerge op(p);
         return answer(op, in, {.eps = op.eps, .factor = op.factor}, [](const Reports& ranks) {
           Answer all = merge(ranks);
           all.m2 = 0;
           for (std::size_t j = 0; j < ranks.counts.size(); ++j)
             if (ranks.counts[j] > 0) all.m2 += ranks.m2s[j];
           return all;
         });
       }},
  };
}

std::vector<Fault> faults_of_finishing() {
  return {
      finished("biased_running_var", "running variance from the variance divided by the count",
               [](const Problem& p, Finish& finish) {
                 finish.taken_from_n = 0;
                 return BatchNormMerge(p).tracked;
               }),
      finished("unbiased_rstd", "rstd from the variance divided by count - 1",
               [](const Problem&, Finish& finish) { return finish.unbiased_rstd = true; }),
      finished("eps_outside_root", "1 / (sqrt(variance) + eps)",
               [](const Problem&, Finish& finish) { return finish.eps_outside = true; }),
      finished("eps_doubled", "eps twice as large",
               [](const Problem&, Finish& finish) {
                 finish.eps *= 2;
                 return true;
               }),
      finished("momentum_swapped", "momentum weighs the old running statistics",
               [](const Problem& p, Finish& finish) {
                 finish.factor = 1 - finish.factor;
                 return BatchNormMerge(p).tracked;
               }),
      finished("momentum_none_as_default", "momentum None taken for 0.1",
               [](const Problem& p, Finish& finish) {
                 finish.factor = 0.1;
                 return BatchNormMerge(p).tracked && p.parameters.is_none("momentum");
               }),
      finished("running_not_updated", "the running statistics stay as they were",
               [](const Problem& p, Finish& finish) {
                 finish.factor = 0;
                 return BatchNormMerge(p).tracked;
               }),
  };
}

}  // namespace

std::vector<Fault> batch_norm_merge_faults() {
  std::vector<Fault> all = faults_of_merging();
  for (Fault& fault : faults_of_finishing()) all.push_back(std::move(fault));
  return all;
}

}  // namespace lockstep
