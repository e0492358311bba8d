// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/check/shadow.hpp"

#include <sys/mman.h>

#include <cstring>

#include "harness/data/error.hpp"
#include "harness/simt/check/plain_memory.hpp"

namespace lockstep::simt::check {
namespace {

void* map(std::size_t bytes) {
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    throw Error("check mode: the system refuses " + std::to_string(bytes >> 30) +
                " GiB of address space for what happened to each byte; accepted: no limit on address space");
  return mapped;
}

void give_back(void* memory, std::size_t bytes) { madvise(memory, bytes, MADV_DONTNEED); }

}  // namespace

ShadowRegion::ShadowRegion(std::size_t bytes)
    : bytes_(bytes),
      words_(static_cast<Cell*>(map(bytes / 4 * sizeof(Cell)))),
      halves_(static_cast<Cell*>(map(bytes / 2 * sizeof(Cell)))),
      single_bytes_(static_cast<Cell*>(map(bytes * sizeof(Cell)))),
      states_(static_cast<ByteState*>(map(bytes))) {}

void ShadowRegion::set_state(std::size_t offset, std::size_t bytes, ByteState state) {
  constexpr std::size_t kPage = 4096;
  const std::size_t first_page = (offset + kPage - 1) / kPage * kPage, end_page = (offset + bytes) / kPage * kPage;
  if (state != ByteState::outside || end_page <= first_page)
    return fill_plainly(states_ + offset, static_cast<int>(state), bytes);
  // Pages given back are `outside` again, and need no memory.
  give_back(states_ + first_page, end_page - first_page);
  fill_plainly(states_ + offset, static_cast<int>(state), first_page - offset);
  fill_plainly(states_ + end_page, static_cast<int>(state), offset + bytes - end_page);
}

void ShadowRegion::forget(std::size_t offset, std::size_t bytes) {
  give_back(words_ + offset / 4, bytes / 4 * sizeof(Cell));
  give_back(halves_ + offset / 2, bytes / 2 * sizeof(Cell));
  give_back(single_bytes_ + offset, bytes * sizeof(Cell));
  give_back(states_ + offset, bytes);
}

void ShadowRegion::forget_accesses() {
  give_back(words_, bytes_ / 4 * sizeof(Cell));
  give_back(halves_, bytes_ / 2 * sizeof(Cell));
  give_back(single_bytes_, bytes_ * sizeof(Cell));
}

}  // namespace lockstep::simt::check
