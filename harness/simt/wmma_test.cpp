// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/wmma.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "harness/simt/port.cuh"
#include "harness/simt/settings.hpp"

namespace lockstep::emulated {
namespace {

namespace wmma = nvcuda::wmma;

template <int kM, int kN, int kK, class Type, class LayoutA, class LayoutB, class Storage, class Sum>
__global__ void multiply(const Storage* a, const Storage* b, Sum* d) {
  wmma::fragment<wmma::matrix_a, kM, kN, kK, Type, LayoutA> left;
  wmma::fragment<wmma::matrix_b, kM, kN, kK, Type, LayoutB> right;
  wmma::fragment<wmma::accumulator, kM, kN, kK, Sum> sum;
  wmma::fill_fragment(sum, Sum(1.0f));
  wmma::load_matrix_sync(left, a, std::is_same_v<LayoutA, wmma::row_major> ? kK : kM);
  wmma::load_matrix_sync(right, b, std::is_same_v<LayoutB, wmma::row_major> ? kN : kK);
  wmma::mma_sync(sum, left, right, sum);
  for (int i = 0; i < sum.num_elements; ++i) sum.x[i] = sum.x[i] * Sum(2.0f);
  wmma::store_matrix_sync(d, sum, kN, wmma::mem_row_major);
}

template <int kM, int kN, int kK, class Type, class LayoutA, class LayoutB, class Storage, class Sum>
void check() {
  std::vector<Storage> a(kM * kK), b(kK * kN);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(static_cast<int>(i * 5 % 13) - 6);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(static_cast<int>(i * 3 % 11) - 5);
  for (const simt::Settings& settings : simt::every_order(1)) {
    SCOPED_TRACE(simt::text(settings));
    const simt::SettingsScope scope(settings);
    std::vector<Sum> d(kM * kN);
    launch(multiply<kM, kN, kK, Type, LayoutA, LayoutB, Storage, Sum>, {1, 32}, nullptr, a.data(), b.data(), d.data());
    for (int row = 0; row < kM; ++row)
      for (int column = 0; column < kN; ++column) {
        float sum = 1;
        for (int k = 0; k < kK; ++k)
          sum +=
              static_cast<float>(
                  a[static_cast<std::size_t>(std::is_same_v<LayoutA, wmma::row_major> ? row * kK + k : k * kM + row)]) *
              static_cast<float>(b[static_cast<std::size_t>(
                  std::is_same_v<LayoutB, wmma::row_major> ? k * kN + column : column * kK + k)]);
        ASSERT_EQ(static_cast<float>(d[static_cast<std::size_t>(row * kN + column)]), 2 * sum);
      }
  }
}

TEST(Wmma, EveryShapeAndLayout) {
  using wmma::col_major, wmma::row_major;
  check<16, 16, 16, __half, row_major, row_major, __half, float>();
  check<16, 16, 16, __half, row_major, col_major, __half, __half>();
  check<16, 16, 16, __nv_bfloat16, col_major, row_major, __nv_bfloat16, float>();
  check<32, 8, 16, __half, col_major, col_major, __half, float>();
  check<8, 32, 16, __nv_bfloat16, row_major, col_major, __nv_bfloat16, float>();
  check<16, 16, 8, wmma::precision::tf32, row_major, row_major, float, float>();
}

}  // namespace
}  // namespace lockstep::emulated
