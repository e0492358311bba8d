// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "harness/communicator/call.hpp"
#include "harness/communicator/handle.hpp"

namespace lockstep {

/// Calls and payload bytes (payload_bytes) of one collective, counted when the call is made.
struct TrafficCount {
  std::int64_t calls = 0;
  std::int64_t bytes = 0;
};

/// One rank's end of a group of ranks. All ranks make the same collective calls in the same order. Each call comes
/// blocking and as start_..., which returns at once; the calls of a rank are carried out in the order they were made,
/// whichever form they have. One thread per rank makes calls.
///
/// Errors: calls that do not belong together (another collective, count, dtype, reduction, root or number), a rank that
/// ended or does not arrive in time end with an Error on every rank, which names ranks, call, step and label. After that
/// every call throws. A buffer that this rank cannot mean (a negative count, a wrong sum of counts, overlapping buffers)
/// is an Error of that rank alone, and its end is what the others hear of.
///
/// In place means: all_reduce with in == out; reduce_scatter with out == in + rank * out.count; all_gather with
/// in == out + rank * in.count (all_gather_uneven: the sum of the counts before). Buffers that overlap otherwise are an
/// Error; all_to_all takes none in place.
///
/// Sums are of f64, f32, f16, bf16 and i64 (wrapping); u8 is moved, never reduced.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// "threads", "nccl"; decorators put themselves before it.
  virtual std::string name() const = 0;

  /// Every rank gets the reduction over ranks of every element. `in` and `out`: count elements.
  void all_reduce(Buffer in_out, Reduction reduction = Reduction::sum) { all_reduce(in_out, in_out, reduction); }
  void all_reduce(ConstBuffer in, Buffer out, Reduction reduction = Reduction::sum);
  /// Rank r gets the reduction of the r-th part. `in`: size * out.count elements.
  void reduce_scatter(ConstBuffer in, Buffer out, Reduction reduction = Reduction::sum);
  /// Every rank gets the parts of all ranks in rank order. `out`: size * in.count elements.
  void all_gather(ConstBuffer in, Buffer out);
  /// The same with counts[r] elements from rank r. `in`: counts[rank], `out`: the sum of counts.
  void all_gather_uneven(ConstBuffer in, Buffer out, std::span<const std::int64_t> counts);
  /// Every rank gets root's elements.
  void broadcast(Buffer in_out, int root);
  /// Part q of `out` on rank r is part r of `in` on rank q. Both: a multiple of size elements.
  void all_to_all(ConstBuffer in, Buffer out);
  /// Messages between two ranks arrive in the order they were sent; ranks that are threads never wait in a send.
  void send(ConstBuffer in, int to);
  void receive(Buffer out, int from);
  void barrier();

  Handle start_all_reduce(Buffer in_out, Reduction reduction = Reduction::sum) {
    return start_all_reduce(in_out, in_out, reduction);
  }
  Handle start_all_reduce(ConstBuffer in, Buffer out, Reduction reduction = Reduction::sum);
  Handle start_reduce_scatter(ConstBuffer in, Buffer out, Reduction reduction = Reduction::sum);
  Handle start_all_gather(ConstBuffer in, Buffer out);
  Handle start_all_gather_uneven(ConstBuffer in, Buffer out, std::span<const std::int64_t> counts);
  Handle start_broadcast(Buffer in_out, int root);
  Handle start_all_to_all(ConstBuffer in, Buffer out);
  Handle start_send(ConstBuffer in, int to);
  Handle start_receive(Buffer out, int from);
  Handle start_barrier();

  /// What the calls that follow belong to; both appear in messages. Step -1: none.
  void set_step(std::int64_t step) { step_ = step; }
  void set_label(std::string label) { label_ = std::move(label); }

  const TrafficCount& traffic(Collective collective) const { return traffic_[static_cast<std::size_t>(collective)]; }
  TrafficCount total_traffic() const;
  void reset_traffic() { traffic_ = {}; }

  /// For decorators: a call that is already checked, numbered and counted.
  virtual void run(const Call& call) = 0;
  virtual Handle start(const Call& call) = 0;

 private:
  Call reducing(Collective collective, ConstBuffer in, Buffer out, Reduction reduction);
  Call gathering_uneven(ConstBuffer in, Buffer out, std::span<const std::int64_t> counts);
  Call moving(Collective collective, ConstBuffer in, Buffer out);
  Call with_peer(Collective collective, ConstBuffer in, Buffer out, int peer);
  Call meeting();
  /// The call with number, step and label, for which every message about it asks.
  Call begin(Collective collective, DType dtype, std::int64_t count, int peer = -1);
  /// Checks the buffers, then counts the call.
  Call checked(Call call, ConstBuffer in, Buffer out);
  std::int64_t& calls_made(Collective collective, int peer);
  [[noreturn]] void reject(const Call& call, const std::string& why) const;
  void check_overlap(const Call& call, std::int64_t in_count, std::int64_t out_count) const;

  std::array<TrafficCount, kCollectives> traffic_{};
  std::int64_t collectives_ = 0;
  std::vector<std::int64_t> sent_, received_;  // messages by the other rank
  std::int64_t step_ = -1;
  std::string label_;
};

}  // namespace lockstep
