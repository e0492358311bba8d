// SPDX-License-Identifier: Apache-2.0
#include "suites/scaling/interleaved.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/measure/quietness.hpp"

namespace lockstep {

double StepSeries::spread() const {
  if (steps.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted = steps;
  std::sort(sorted.begin(), sorted.end());
  const auto rank = static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(sorted.size())));
  return sorted[rank - 1] / median_of(sorted);
}

bool StepSeries::quiet() const { return !steps.empty() && 10 * noisy_probes <= probes && spread() <= 2.0; }

std::vector<StepSeries> measure_interleaved(const std::vector<Contender>& contenders, int repetitions,
                                            const std::function<bool(const std::string& next)>& proceed) {
  std::vector<StepSeries> series(contenders.size());
  for (int repetition = 0; repetition < repetitions; ++repetition)
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const std::size_t index = repetition % 2 == 0 ? i : contenders.size() - 1 - i;
      if (!proceed(contenders[index].name)) return series;
      StepSeries& mine = series[index];
      mine.noisy_probes += !machine_is_quiet();
      const StepSample sample = contenders[index].run();
      mine.noisy_probes += !machine_is_quiet();
      mine.probes += 2;
      mine.steps.push_back(sample.step_seconds);
      mine.backwards.push_back(sample.backward_seconds);
    }
  return series;
}

}  // namespace lockstep
