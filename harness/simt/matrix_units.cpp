// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/matrix_units.hpp"

#include <cstdint>
#include <cstring>

#include "harness/simt/check_mode.hpp"
#include "harness/simt/truncating_sums.hpp"

namespace lockstep::simt {
namespace {

constexpr unsigned kRows = TileFactors::kRows, kColumns = TileFactors::kColumns;

template <class Value>
Value operand_of(const WarpExchange& exchange, unsigned lane) {
  Value value;
  std::memcpy(&value, exchange.operand[lane], sizeof(Value));
  return value;
}

/// All lanes leave a pointer to what they bring, the last one works on all of it while the others are stopped.
template <class Value>
void bring(const WarpOperation& operation, const Value* value, const char* file, int line) {
  std::memcpy(this_thread->exchange->operand[this_thread->lane], &value, sizeof(value));
  wait_for_lanes(0xffffffffu, operation, nullptr, file, line);
}

/// Two values of 16 bits in a word; element k of a row lies in lane column (k % 8) / 2, word by k / 8.
template <class Format>
struct PackedLayout {
  static constexpr unsigned kDepth = 16;
  static constexpr int kLowestExponent = std::is_same_v<Format, HalfFormat> ? -14 : -126;
  static TruncatingSum sum() { return sum_of_half_products(current_matrix_units()); }
  static void unpack(unsigned lane, const MatrixRegisters& registers, TileFactors& factors) {
    for (unsigned which = 0; which < 2; ++which) {
      const unsigned k = lane % 4 * 2 + which;
      for (unsigned word = 0; word < 4; ++word)
        factors.a[lane / 4 + word % 2 * 8][k + word / 2 * 8] = half_of(registers.a[word], which);
      for (unsigned word = 0; word < 2; ++word) factors.b[k + word * 8][lane / 4] = half_of(registers.b[word], which);
    }
  }
  static float half_of(unsigned word, unsigned which) {
    return Format::widen(static_cast<std::uint16_t>(word >> (16 * which)));
  }
};

struct Tf32Layout {
  static constexpr unsigned kDepth = 8;
  static constexpr int kLowestExponent = -126;
  static TruncatingSum sum() { return sum_of_tf32_products(current_matrix_units()); }
  static void unpack(unsigned lane, const MatrixRegisters& registers, TileFactors& factors) {
    for (unsigned word = 0; word < 4; ++word)
      factors.a[lane / 4 + word % 2 * 8][lane % 4 + word / 2 * 4] = value_of(registers.a[word]);
    for (unsigned word = 0; word < 2; ++word) factors.b[lane % 4 + word * 4][lane / 4] = value_of(registers.b[word]);
  }
  // The units ignore the low 13 bits, so a forgotten round_to_tf32 truncates.
  static float value_of(unsigned word) { return std::bit_cast<float>(word & 0xffffe000u); }
};

template <class Layout>
void multiply(WarpExchange& exchange, unsigned, const void*) {
  const MatrixRegisters* lanes[kWarpLanes];
  TileFactors factors;
  for (unsigned lane = 0; lane < kWarpLanes; ++lane) {
    lanes[lane] = operand_of<const MatrixRegisters*>(exchange, lane);
    Layout::unpack(lane, *lanes[lane], factors);
  }
  factors.decode(Layout::kDepth, Layout::kLowestExponent);
  const TruncatingSum sum = Layout::sum();
  for (unsigned row = 0; row < kRows; ++row) {
    // Column c of a row lies in lane column c / 2.
    const MatrixRegisters* const* const quad = lanes + row % 8 * 4;
    float d[kColumns];
    for (unsigned column = 0; column < kColumns; ++column) d[column] = quad[column / 2]->d[row / 8 * 2 + column % 2];
    factors.multiply_row(static_cast<int>(row), d, sum);
    for (unsigned column = 0; column < kColumns; ++column) quad[column / 2]->d[row / 8 * 2 + column % 2] = d[column];
  }
}

struct MatrixRows {
  unsigned* words;
  const void* row;
  SourcePlace place;
};

template <bool kTransposed>
void load(WarpExchange& exchange, unsigned, const void*) {
  for (unsigned lane = 0; lane < kWarpLanes; ++lane)
    for (unsigned matrix = 0; matrix < 4; ++matrix) {
      unsigned word = 0;
      for (unsigned which = 0; which < 2; ++which) {
        const unsigned along = lane % 4 * 2 + which, across = lane / 4;
        const unsigned row = kTransposed ? along : across, column = kTransposed ? across : along;
        const MatrixRows& rows = *operand_of<const MatrixRows*>(exchange, matrix * 8 + row);
        const void* address = rows.row;
        // The lane that gets an element reads it, whichever lane named its row.
        if constexpr (check::kIsOn)
          check::read_for_lane(lane, static_cast<const std::uint16_t*>(address) + column, 2, rows.place);
        std::uint16_t element;
        std::memcpy(&element, static_cast<const std::uint16_t*>(address) + column, sizeof(element));
        word |= static_cast<unsigned>(element) << (16 * which);
      }
      operand_of<const MatrixRows*>(exchange, lane)->words[matrix] = word;
    }
}

constexpr WarpOperation kMultiplyHalf{"mma.m16n8k16 f16", &multiply<PackedLayout<HalfFormat>>};
constexpr WarpOperation kMultiplyBfloat16{"mma.m16n8k16 bf16", &multiply<PackedLayout<Bfloat16Format>>};
constexpr WarpOperation kMultiplyTf32{"mma.m16n8k8 tf32", &multiply<Tf32Layout>};
constexpr WarpOperation kLoad{"ldmatrix", &load<false>};
constexpr WarpOperation kLoadTransposed{"ldmatrix.trans", &load<true>};

}  // namespace

void multiply_half(const MatrixRegisters& registers, const char* file, int line) {
  bring(kMultiplyHalf, &registers, file, line);
}

void multiply_bfloat16(const MatrixRegisters& registers, const char* file, int line) {
  bring(kMultiplyBfloat16, &registers, file, line);
}

void multiply_tf32(const MatrixRegisters& registers, const char* file, int line) {
  bring(kMultiplyTf32, &registers, file, line);
}

void load_matrices(unsigned* words, const void* row, bool transposed, const char* file, int line) {
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0)
    throw_bad_argument("row address of ldmatrix", static_cast<long long>(reinterpret_cast<std::uintptr_t>(row)),
                       "multiples of 16", file, line);
  const MatrixRows rows{.words = words, .row = row, .place = {.file = file, .line = line}};
  bring(transposed ? kLoadTransposed : kLoad, &rows, file, line);
}

}  // namespace lockstep::simt
