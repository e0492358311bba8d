// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/device/device.hpp"
#include "kernels/shared/scalar.cuh"
#include "reference/embedding.hpp"

namespace lockstep::LOCKSTEP_BACKEND {

/// Which lookups read each row: those of row r are `counts[r]` numbers of `ordered` from `begins[r]` on, ascending. Lookups
/// of the padding row are left out. In device memory: `counts`, `begins` and `next` by row; `arrived` and `ordered` by lookup; `reserved` one number.
struct LookupsByRow {
  int *counts, *begins, *next, *arrived, *ordered, *reserved;
  int rows, lookups, padding_row;
};

/// Memory of a LookupsByRow, and the launches that fill it; the memory lives as long as a copy of this.
class LookupSort {
 public:
  LookupSort(const Embedding& op, const std::int64_t* indices, Device& device)
      : indices_(indices),
        stream_(device.stream()),
        memory_(std::make_shared<DeviceMemory>(
            device, static_cast<std::size_t>(3 * op.num_embeddings + 2 * op.lookups() + 1) * sizeof(int))) {
    const auto rows = static_cast<int>(op.num_embeddings), lookups = static_cast<int>(op.lookups());
    int* const memory = static_cast<int*>(memory_->get());
    by_row_ = {.counts = memory,
               .begins = memory + rows,
               .next = memory + 2 * std::int64_t{rows},
               .arrived = memory + 3 * std::int64_t{rows},
               .ordered = memory + 3 * std::int64_t{rows} + lookups,
               .reserved = memory + 3 * std::int64_t{rows} + 2 * std::int64_t{lookups},
               .rows = rows,
               .lookups = lookups,
               .padding_row = static_cast<int>(op.padding_row)};
  }
  const LookupsByRow& by_row() const { return by_row_; }

  /// Queues the sort; there are rows.
  void run() const;

 private:
  const std::int64_t* indices_;
  Stream stream_;
  std::shared_ptr<DeviceMemory> memory_;
  LookupsByRow by_row_{};
};

}  // namespace lockstep::LOCKSTEP_BACKEND
