// SPDX-License-Identifier: Apache-2.0
#include "suites/collectives/collective_case.hpp"

#include <cstring>
#include <functional>
#include <numeric>

#include "harness/data/error.hpp"
#include "suites/collectives/exact_data.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kGuardElements = 64;
constexpr std::byte kPoison{0xff};  // a NaN in every floating type

/// Where the elements of a case lie. The larger buffer holds the smaller one where the case is in place.
struct Placement {
  std::int64_t in_count = 0, out_count = 0;
  std::int64_t in_first = 0, out_first = 0;  // elements into the buffer
  std::vector<std::int64_t> counts;
};

Placement placement_of(const CollectiveCase& problem, int rank, int ranks) {
  Placement placement;
  const std::int64_t count = problem.count;
  placement.in_count = placement.out_count = count;
  switch (problem.collective) {
    case Collective::reduce_scatter:
      placement.in_count = count * ranks;
      if (problem.in_place) placement.out_first = count * rank;
      break;
    case Collective::all_gather:
      placement.out_count = count * ranks;
      if (problem.in_place) placement.in_first = count * rank;
      break;
    case Collective::all_to_all: placement.in_count = placement.out_count = count * ranks; break;
    case Collective::all_gather_uneven:
      for (int each = 0; each < ranks; ++each) placement.counts.push_back((count + each) % (count + 1));
      placement.in_count = placement.counts[static_cast<std::size_t>(rank)];
      placement.out_count = std::accumulate(placement.counts.begin(), placement.counts.end(), std::int64_t{0});
      if (problem.in_place)
        placement.in_first =
            std::accumulate(placement.counts.begin(), placement.counts.begin() + rank, std::int64_t{0});
      break;
    case Collective::barrier: placement.in_count = placement.out_count = 0; break;
    default: break;
  }
  return placement;
}

/// What element i of this rank's output must be.
double expected(const CollectiveCase& problem, const Placement& placement, int rank, int ranks, std::uint64_t seed,
                std::int64_t i) {
  const auto value = [&](int from, std::int64_t element) {
    return exact_value(seed, from, ranks, element, problem.dtype);
  };
  switch (problem.collective) {
    case Collective::all_reduce: return exact_reduction(problem.reduction, seed, ranks, i, problem.dtype);
    case Collective::reduce_scatter:
      return exact_reduction(problem.reduction, seed, ranks, rank * problem.count + i, problem.dtype);
    case Collective::all_gather: return value(static_cast<int>(i / problem.count), i % problem.count);
    case Collective::all_to_all:
      return value(static_cast<int>(i / problem.count), rank * problem.count + i % problem.count);
    case Collective::all_gather_uneven: {
      int from = 0;
      for (; i >= placement.counts[static_cast<std::size_t>(from)]; ++from)
        i -= placement.counts[static_cast<std::size_t>(from)];
      return value(from, i);
    }
    case Collective::broadcast: return value(ranks - 1, i);
    default: return value((rank + ranks - 1) % ranks, i);
  }
}

/// The two calls of a message: who sends first depends on the rank, so that no circle of senders forms.
void pass_to_the_next(Communicator& ranks, ConstBuffer in, Buffer out, bool started) {
  const int next = (ranks.rank() + 1) % ranks.size(), last = (ranks.rank() + ranks.size() - 1) % ranks.size();
  for (int half = 0; half < 2; ++half) {
    const bool sends = (ranks.rank() + half) % 2 == 0;
    if (started)
      (sends ? ranks.start_send(in, next) : ranks.start_receive(out, last)).wait();
    else
      sends ? ranks.send(in, next) : ranks.receive(out, last);
  }
}

void carry_out(Communicator& ranks, const CollectiveCase& problem, const Placement& placement, ConstBuffer in,
               Buffer out) {
  const int root = ranks.size() - 1;
  switch (problem.collective) {
    case Collective::all_reduce:
      if (problem.started) return ranks.start_all_reduce(in, out, problem.reduction).wait();
      return ranks.all_reduce(in, out, problem.reduction);
    case Collective::reduce_scatter:
      if (problem.started) return ranks.start_reduce_scatter(in, out, problem.reduction).wait();
      return ranks.reduce_scatter(in, out, problem.reduction);
    case Collective::all_gather:
      if (problem.started) return ranks.start_all_gather(in, out).wait();
      return ranks.all_gather(in, out);
    case Collective::all_gather_uneven:
      if (problem.started) return ranks.start_all_gather_uneven(in, out, placement.counts).wait();
      return ranks.all_gather_uneven(in, out, placement.counts);
    case Collective::broadcast:
      if (problem.started) return ranks.start_broadcast(out, root).wait();
      return ranks.broadcast(out, root);
    case Collective::all_to_all:
      if (problem.started) return ranks.start_all_to_all(in, out).wait();
      return ranks.all_to_all(in, out);
    case Collective::barrier:
      if (problem.started) return ranks.start_barrier().wait();
      return ranks.barrier();
    case Collective::send:
    case Collective::receive: return pass_to_the_next(ranks, in, out, problem.started);
  }
}

/// A buffer on the device between guards, with its image on the host.
class GuardedElements {
 public:
  GuardedElements(Device& device, std::int64_t count, DType dtype)
      : device_(device),
        dtype_(dtype),
        image_(static_cast<std::size_t>(count + 2 * kGuardElements) * size_in_bytes(dtype), kPoison),
        memory_(device, image_.size()) {}

  void set(std::int64_t index, double value) { store_exact(image_.data(), kGuardElements + index, dtype_, value); }
  double get(std::int64_t index) const { return load_exact(image_.data(), kGuardElements + index, dtype_); }
  void upload() { device_.copy_to_device(memory_.get(), image_.data(), image_.size()); }
  void download() { device_.copy_to_host(image_.data(), memory_.get(), image_.size()); }
  Buffer part(std::int64_t first, std::int64_t count) {
    const auto offset = static_cast<std::size_t>(kGuardElements + first) * size_in_bytes(dtype_);
    return {static_cast<std::byte*>(memory_.get()) + offset, count, dtype_};
  }
  bool guards_are_whole() const {
    const std::size_t guard = static_cast<std::size_t>(kGuardElements) * size_in_bytes(dtype_);
    const std::vector<std::byte> poison(guard, kPoison);
    return std::memcmp(image_.data(), poison.data(), guard) == 0 &&
           std::memcmp(image_.data() + image_.size() - guard, poison.data(), guard) == 0;
  }

 private:
  Device& device_;
  DType dtype_;
  std::vector<std::byte> image_;
  DeviceMemory memory_;
};

/// Compares `count` elements from `first` with what they must be.
std::string differences(const GuardedElements& elements, std::int64_t first, std::int64_t count, const char* of,
                        const std::function<double(std::int64_t)>& right) {
  std::int64_t wrong = 0, where = 0;
  for (std::int64_t i = 0; i < count; ++i)
    if (!(elements.get(first + i) == right(i)) && wrong++ == 0) where = i;
  if (wrong == 0) return "";
  return std::to_string(wrong) + " of " + std::to_string(count) + ' ' + of + " are wrong, the first at " +
         std::to_string(where) + ": expected " + std::to_string(right(where)) + ", got " +
         std::to_string(elements.get(first + where));
}

}  // namespace

std::string check_collective(Communicator& ranks, Device& device, const CollectiveCase& problem, std::uint64_t seed) {
  const int rank = ranks.rank(), size = ranks.size();
  if (size > kMostExactRanks)
    throw Error("collectives: " + std::to_string(size) + " ranks; data are exact for at most " +
                std::to_string(kMostExactRanks));
  const Placement placement = placement_of(problem, rank, size);
  const bool broadcasts = problem.collective == Collective::broadcast;
  const bool shares = problem.in_place || broadcasts;  // input and output lie in one buffer
  const auto given = [&](std::int64_t i) { return exact_value(seed, rank, size, i, problem.dtype); };

  GuardedElements out(device, shares ? std::max(placement.in_count, placement.out_count) : placement.out_count,
                      problem.dtype);
  GuardedElements apart(device, shares ? 0 : placement.in_count, problem.dtype);
  GuardedElements& in = shares ? out : apart;
  for (std::int64_t i = 0; i < placement.in_count; ++i) in.set(placement.in_first + i, given(i));
  in.upload();
  out.upload();
  carry_out(ranks, problem, placement, in.part(placement.in_first, placement.in_count),
            out.part(placement.out_first, placement.out_count));
  in.download();
  out.download();

  std::string wrong = differences(out, placement.out_first, placement.out_count, "outputs",
                                  [&](std::int64_t i) { return expected(problem, placement, rank, size, seed, i); });
  if (wrong.empty() && !shares) wrong = differences(in, 0, placement.in_count, "inputs after the call", given);
  if (wrong.empty() && !(in.guards_are_whole() && out.guards_are_whole()))
    wrong = "a guard beside a buffer was written";
  return wrong.empty() ? "" : "rank " + std::to_string(rank) + ": " + label_of(problem) + ": " + wrong;
}

}  // namespace lockstep
