// SPDX-License-Identifier: Apache-2.0
#include "suites/scaling/link_overlap.hpp"

#include <cmath>
#include <memory>
#include <numeric>
#include <sstream>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

double seconds_of_bucket(std::int64_t bytes, int ranks, LinkModel link) {
  Call call;
  call.collective = Collective::all_reduce;
  call.dtype = DType::f32;
  call.count = bytes / static_cast<std::int64_t>(sizeof(float));
  return modelled_seconds(call, ranks, link);
}

/// All-reduces over a ring: 2(p-1) latencies each, 2(p-1)/p of their bytes over every link.
LinkModel link_as_long_as(double seconds, const std::vector<std::int64_t>& buckets, int ranks) {
  const double latencies = 2.0 * (ranks - 1) * static_cast<double>(buckets.size());
  const double bytes = bus_factor(Collective::all_reduce, ranks) *
                       static_cast<double>(std::accumulate(buckets.begin(), buckets.end(), std::int64_t{0}));
  return {.latency_seconds = 0.05 * seconds / latencies, .seconds_per_byte = 0.95 * seconds / bytes};
}

}  // namespace

double LinkOverlap::hidden_fraction() const {
  return (link_seconds - exposed_seconds()) / (link_seconds - last_bucket_seconds);
}

std::string LinkOverlap::text() const {
  std::ostringstream text;
  text.precision(3);
  text << "hidden = (L - (T(link) - T(no communication))) / (L - last bucket) = (" << 1e3 * link_seconds << " - ("
       << 1e3 * with_link.median() << " - " << 1e3 * without.median() << ")) / (" << 1e3 * link_seconds << " - "
       << 1e3 * last_bucket_seconds << ") ms = " << hidden_fraction() << ", backward alone " << 1e3 * without.backward()
       << " ms, " << buckets << " buckets, link latency " << 1e6 * link.latency_seconds << " us, "
       << 1e-9 / link.seconds_per_byte << " GB/s";
  return text.str();
}

LinkOverlap measure_link_overlap(TimedTraining training, const std::optional<LinkModel>& link, int repetitions,
                                 const Catalogue& catalogue,
                                 const std::function<bool(const std::string& next)>& proceed) {
  training.broadcast_buffers = false;
  const std::vector<std::int64_t> buckets = bucket_sizes(training);
  if (training.ranks < 2 || buckets.size() < 2)
    throw Error("overlap with a link: " + std::to_string(training.ranks) + " ranks and " +
                std::to_string(buckets.size()) + " buckets; accepted: at least 2 of each");
  const auto without = [training, &catalogue] { return sample_without_communication(training, catalogue); };
  LinkOverlap overlap{.training = training, .link = {}, .buckets = buckets.size(), .with_link = {}, .without = {}};
  if (link) {
    overlap.link = *link;
  } else {
    const StepSeries before = measure_interleaved({{"backward of " + training.name(), without}}, 3, proceed)[0];
    if (before.steps.empty()) return overlap;
    overlap.link = link_as_long_as(before.backward(), buckets, training.ranks);
  }
  for (const std::int64_t bytes : buckets) {
    overlap.last_bucket_seconds = seconds_of_bucket(bytes, training.ranks, overlap.link);
    overlap.link_seconds += overlap.last_bucket_seconds;
  }
  TimedTraining linked = training;
  linked.wrap_communicator = [model = overlap.link](Communicator& inner) {
    return std::make_unique<ModelledLink>(inner, model);
  };
  const auto with_link = [linked, &catalogue] { return sample_of(train_timed(linked, catalogue)); };
  std::vector<StepSeries> series = measure_interleaved(
      {{"modelled link, " + training.name(), with_link}, {"no communication, " + training.name(), without}},
      repetitions, proceed);
  overlap.with_link = std::move(series[0]);
  overlap.without = std::move(series[1]);
  return overlap;
}

}  // namespace lockstep
