// SPDX-License-Identifier: Apache-2.0
// CUDA's nvcuda::wmma for the emulator. Which lane holds which element of a fragment is unspecified in CUDA; here
// element i * 32 + lane of the matrix, counted by rows, so that code that relies on the device's layout fails.
#pragma once

#include "harness/simt/narrow_types.hpp"
#include "harness/simt/warp_operations.hpp"

namespace lockstep::simt::wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };
namespace precision {
struct tf32;
}

/// What an element is stored as, and its value to the matrix unit.
template <class Type>
struct Element {
  using Storage = Type;
  static double value(Type x) { return static_cast<float>(x); }
};
template <>
struct Element<precision::tf32> {
  using Storage = float;
  static double value(float x) { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0xffffe000u); }
};

template <class Use, int kM, int kN, int kK>
inline constexpr int kFragmentRows = std::is_same_v<Use, matrix_b> ? kK : kM;
template <class Use, int kM, int kN, int kK>
inline constexpr int kFragmentColumns = std::is_same_v<Use, matrix_a> ? kK : kN;

template <class Use, int kM, int kN, int kK, class Type, class Layout = void>
struct fragment {
  static_assert((kM == 16 && kN == 16 && (kK == 16 || kK == 8)) || (kM == 32 && kN == 8 && kK == 16) ||
                    (kM == 8 && kN == 32 && kK == 16),
                "wmma knows 16x16x16, 32x8x16, 8x32x16, and 16x16x8 for tf32");
  using element_type = typename Element<Type>::Storage;
  static constexpr int rows = kFragmentRows<Use, kM, kN, kK>, columns = kFragmentColumns<Use, kM, kN, kK>;
  static constexpr int num_elements = rows * columns / 32;
  element_type x[num_elements];
};

template <class Fragment, class Value>
void fill_fragment(Fragment& fragment, const Value& value) {
  for (auto& element : fragment.x) element = value;
}

/// Calls visit(element, row, column) for each element of the fragment that this lane holds.
template <class Fragment, class Visit>
void for_each_element(Fragment& fragment, const Visit& visit) {
  for (int i = 0; i < Fragment::num_elements; ++i) {
    const int position = i * 32 + static_cast<int>(this_thread->lane);
    visit(fragment.x[i], position / Fragment::columns, position % Fragment::columns);
  }
}

template <class Use, int kM, int kN, int kK, class Type, class Layout>
void load_matrix_sync(fragment<Use, kM, kN, kK, Type, Layout>& loaded, const typename Element<Type>::Storage* memory,
                      unsigned stride, LOCKSTEP_CALL_SITE) {
  synchronize_lanes(0xffffffffu, file, line);
  for_each_element(loaded, [&](auto& element, int row, int column) {
    element = memory[std::is_same_v<Layout, col_major> ? column * static_cast<long>(stride) + row
                                                       : row * static_cast<long>(stride) + column];
  });
}

template <int kM, int kN, int kK, class Type>
void load_matrix_sync(fragment<accumulator, kM, kN, kK, Type>& loaded, const Type* memory, unsigned stride,
                      layout_t layout, LOCKSTEP_CALL_SITE) {
  synchronize_lanes(0xffffffffu, file, line);
  for_each_element(loaded, [&](auto& element, int row, int column) {
    element = memory[layout == mem_col_major ? column * static_cast<long>(stride) + row
                                             : row * static_cast<long>(stride) + column];
  });
}

template <int kM, int kN, int kK, class Type>
void store_matrix_sync(Type* memory, const fragment<accumulator, kM, kN, kK, Type>& stored, unsigned stride,
                       layout_t layout, LOCKSTEP_CALL_SITE) {
  synchronize_lanes(0xffffffffu, file, line);
  for_each_element(stored, [&](const auto& element, int row, int column) {
    memory[layout == mem_col_major ? column * static_cast<long>(stride) + row
                                   : row * static_cast<long>(stride) + column] = element;
  });
}

inline float __float_to_tf32(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7f800000u) == 0x7f800000u) return x;
  return std::bit_cast<float>((bits + 0x1000u) & 0xffffe000u);
}

template <class D, class A, class B, class C>
struct Fragments {
  D* d;
  const A* a;
  const B* b;
  const C* c;
};

/// Products and sums in double, rounded once to the accumulator's type.
template <class TypeA, class D, class A, class B, class C>
void multiply_fragments(WarpExchange& exchange, unsigned, const void*) {
  const Fragments<D, A, B, C>* lanes[kWarpLanes];
  for (unsigned lane = 0; lane < kWarpLanes; ++lane)
    std::memcpy(static_cast<void*>(&lanes[lane]), exchange.operand[lane], sizeof(void*));
  const auto a = [&](int row, int k) {
    const int position = row * A::columns + k;
    return Element<TypeA>::value(lanes[position % 32]->a->x[position / 32]);
  };
  const auto b = [&](int k, int column) {
    const int position = k * B::columns + column;
    return Element<TypeA>::value(lanes[position % 32]->b->x[position / 32]);
  };
  for (int row = 0; row < D::rows; ++row)
    for (int column = 0; column < D::columns; ++column) {
      const int position = row * D::columns + column;
      const auto& lane = *lanes[position % 32];
      double sum = static_cast<float>(lane.c->x[position / 32]);
      for (int k = 0; k < A::columns; ++k) sum += a(row, k) * b(k, column);
      lane.d->x[position / 32] = static_cast<typename D::element_type>(sum);
    }
}

template <class TypeA, class D, class A, class B, class C>
inline constexpr WarpOperation kMultiplyFragments{"wmma::mma_sync", &multiply_fragments<TypeA, D, A, B, C>};

template <int kM, int kN, int kK, class TypeD, class TypeA, class LayoutA, class LayoutB, class TypeC>
void mma_sync(fragment<accumulator, kM, kN, kK, TypeD>& d, const fragment<matrix_a, kM, kN, kK, TypeA, LayoutA>& a,
              const fragment<matrix_b, kM, kN, kK, TypeA, LayoutB>& b,
              const fragment<accumulator, kM, kN, kK, TypeC>& c, LOCKSTEP_CALL_SITE) {
  using D = std::remove_reference_t<decltype(d)>;
  using A = std::remove_cvref_t<decltype(a)>;
  using B = std::remove_cvref_t<decltype(b)>;
  using C = std::remove_cvref_t<decltype(c)>;
  const Fragments<D, A, B, C> mine{.d = &d, .a = &a, .b = &b, .c = &c};
  const auto* pointer = &mine;
  std::memcpy(this_thread->exchange->operand[this_thread->lane], &pointer, sizeof(pointer));
  wait_for_lanes(0xffffffffu, kMultiplyFragments<TypeA, D, A, B, C>, nullptr, file, line);
}

}  // namespace lockstep::simt::wmma
