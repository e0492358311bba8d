// SPDX-License-Identifier: Apache-2.0
#include "suites/training/record_gathering.hpp"

#include <cstring>
#include <numeric>
#include <span>
#include <type_traits>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

/// Lays values behind each other as bytes, or takes them out again: one description serves both ways, so that they cannot
/// differ. All ranks are one program on one kind of machine.
class Packing {
 public:
  /// Writes.
  Packing() = default;
  /// Reads.
  explicit Packing(std::span<const std::uint8_t> bytes) : reads_(true), source_(bytes) {}

  const std::vector<std::uint8_t>& bytes() const { return written_; }

  template <class T>
  requires std::is_trivially_copyable_v<T>
  void carry(T& value) { carry_bytes(&value, sizeof value); }
  void carry(std::string& text) {
    text.resize(carried_count(text.size()));
    carry_bytes(text.data(), text.size());
  }
  template <class T>
  void carry(std::vector<T>& items) {
    items.resize(carried_count(items.size()));
    for (T& item : items) carry(item);
  }
  void carry(Values& values) {
    DType dtype = values.dtype();
    Shape shape = values.shape();
    carry(dtype);
    carry(shape);
    if (reads_) values = Values(dtype, std::move(shape));
    const auto count = static_cast<std::size_t>(values.count());
    if (float* floats = values.floats()) carry_bytes(floats, count * sizeof(float));
    if (double* doubles = values.doubles()) carry_bytes(doubles, count * sizeof(double));
    if (std::int64_t* integers = values.integers()) carry_bytes(integers, count * sizeof(std::int64_t));
  }
  void carry(ModuleState& state) {
    std::vector<std::pair<std::string, Values>> entries(state.begin(), state.end());
    entries.resize(carried_count(entries.size()));
    for (auto& [name, values] : entries) {
      carry(name);
      carry(values);
    }
    if (reads_) state = ModuleState(entries.begin(), entries.end());
  }
  void carry(StepTimeline& step) {
    carry(step.begin);
    carry(step.end);
    carry(step.spans);
    carry(step.reductions);
  }
  void carry(RankRecord& rank) {
    carry(rank.losses);
    carry(rank.gradient_norms);
    carry(rank.parameter_hashes);
    carry(rank.timelines);
    carry(rank.parameters);
    carry(rank.buffers);
    carry(rank.evaluation_loss);
    carry(rank.buckets);
    carry(rank.tensor_bytes);
    carry(rank.collective_calls);
    carry(rank.collective_bytes);
    carry(rank.skipped_steps);
  }
  void carry(TrainingState& state) {
    carry(state.model);
    carry(state.optimizer);
    carry(state.step);
    carry(state.loss_scale);
    carry(state.steps_since_growth);
  }
  void carry(StepSnapshot& step) {
    carry(step.before);
    carry(step.gradients);
    carry(step.parameters);
    carry(step.buffers);
  }

 private:
  std::size_t carried_count(std::size_t own) {
    std::uint64_t count = own;
    carry(count);
    return static_cast<std::size_t>(count);
  }
  void carry_bytes(void* data, std::size_t bytes) {
    if (bytes == 0) return;
    if (!reads_) {
      const auto* begin = static_cast<const std::uint8_t*>(data);
      written_.insert(written_.end(), begin, begin + bytes);
    } else if (bytes > source_.size()) {
      throw Error("a rank's record ends early");
    } else {
      std::memcpy(data, source_.data(), bytes);
      source_ = source_.subspan(bytes);
    }
  }

  bool reads_ = false;
  std::vector<std::uint8_t> written_;
  std::span<const std::uint8_t> source_;
};

/// What one rank gives or another takes.
void carry_part(Packing& packing, RankRecord& rank, TrainingRecord& record, bool tells) {
  packing.carry(rank);
  packing.carry(tells);
  if (!tells) return;
  packing.carry(record.history);
  packing.carry(record.state);
}

}  // namespace

void gather_records(Communicator& ranks, TrainingRecord& record) {
  const auto own = static_cast<std::size_t>(ranks.rank());
  Packing mine;
  // Rank 0 keeps its own history where it is.
  carry_part(mine, record.ranks.at(own), record, own != 0 && !record.state.model.empty());
  ranks.set_label("gathering records");
  const std::vector<std::int64_t> size{static_cast<std::int64_t>(mine.bytes().size())};
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(ranks.size()));
  ranks.all_gather(buffer_of(size), buffer_of(sizes));
  std::vector<std::uint8_t> all(static_cast<std::size_t>(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0})));
  ranks.all_gather_uneven(buffer_of(mine.bytes()), buffer_of(all), sizes);
  if (own != 0) return;
  std::size_t begin = 0;
  for (std::size_t rank = 0; rank < sizes.size(); ++rank) {
    const auto bytes = static_cast<std::size_t>(sizes[rank]);
    const std::span<const std::uint8_t> part(all.data() + begin, bytes);
    Packing theirs(part);
    begin += bytes;
    if (rank != 0) carry_part(theirs, record.ranks.at(rank), record, false);
  }
}

}  // namespace lockstep
