// SPDX-License-Identifier: Apache-2.0
#include "kernels/shared/matrix_units.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "harness/plan/verify.hpp"
#include "harness/simt/truncating_sums.hpp"
#include "kernels/implementations.hpp"
#include "kernels/shared/warpgroup_units.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

/// The error of the units' sum of these products, each made as product times one, in units of 2^-24 of their magnitudes.
/// Zeros fill up the last instruction.
double error_of_sum(const std::vector<float>& products, DType dtype) {
  const bool tf32 = dtype == DType::f32;
  const int depth = tf32 ? 8 : 16;
  const simt::TruncatingSum sum =
      tf32 ? sum_of_tf32_products(simt::current_matrix_units()) : sum_of_half_products(simt::current_matrix_units());
  float d[simt::TileFactors::kColumns] = {};
  double truth = 0, magnitude = 0;
  for (std::size_t first = 0; first < products.size(); first += static_cast<std::size_t>(depth)) {
    simt::TileFactors factors{};
    for (int k = 0; k < depth; ++k) {
      const std::size_t at = first + static_cast<std::size_t>(k);
      factors.a[0][k] = at < products.size() ? products[at] : 0.0f;
      for (float& b : factors.b[k]) b = 1;
      truth += factors.a[0][k];
      magnitude += std::abs(factors.a[0][k]);
    }
    factors.decode(depth, dtype == DType::f16 ? -14 : -126);
    factors.multiply_row(0, d, sum);
  }
  return std::abs(d[0] - truth) / (magnitude * 0x1p-24);
}

/// Products that lose much: one of 1, the others just below what is kept beside it, and a little more than half as large
/// where the rest makes the sum's own last bit.
double worst_error(std::int64_t terms, DType dtype, std::mt19937& random) {
  double worst = 0;
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<float> products(static_cast<std::size_t>(terms));
    const int exponent = std::uniform_int_distribution<int>(-26, -1)(random);
    const bool same_sign = repeat % 2 == 0;
    for (float& product : products) {
      const auto fraction = static_cast<float>(std::uniform_int_distribution<int>(128, 255)(random)) / 128.0f;
      product = std::ldexp(repeat % 4 < 2 ? 255.0f / 128.0f : fraction, exponent);
      if (!same_sign && random() % 2 == 0) product = -product;
    }
    products[0] = 1;
    worst = std::max(worst, error_of_sum(products, dtype));
  }
  return worst;
}

TEST(MatrixUnitContract, BoundsWhatTheUnitsLose) {
  std::mt19937 random(7);
  for (simt::MatrixUnits units : {simt::MatrixUnits::ampere, simt::MatrixUnits::hopper})
    for (DType dtype : {DType::bf16, DType::f32})
      for (std::int64_t terms : {2, 3, 4, 7, 8, 9, 12, 17, 31, 256, 1024}) {
        const simt::MatrixUnitsScope scope(units);
        const double allowed = matrix_unit_contract(dtype, 1, {terms}).truncation_per_term * static_cast<double>(terms);
        EXPECT_LE(worst_error(terms, dtype, random), allowed) << name_of(dtype) << ", " << terms << " terms";
      }
}

TEST(MatrixUnitContract, IsNotFarAboveWhatTheyLose) {
  std::mt19937 random(7);
  for (DType dtype : {DType::bf16, DType::f32}) {
    const double allowed = matrix_unit_contract(dtype, 1, {256}).truncation_per_term * 256;
    EXPECT_GE(worst_error(256, dtype, random), 0.3 * allowed) << name_of(dtype);
  }
}

TEST(WarpgroupContract, BoundsWhatHopperLosesAndNotMuchMore) {
  std::mt19937 random(7);
  const simt::MatrixUnitsScope scope(simt::MatrixUnits::hopper);
  for (std::int64_t terms : {1, 2, 3, 15, 16, 17, 31, 256, 1024}) {
    const double allowed = warpgroup_contract(terms).truncation_per_term * static_cast<double>(terms);
    const double lost = worst_error(terms, DType::bf16, random);
    EXPECT_LE(lost, allowed) << terms << " terms";
    if (terms >= 256) {
      EXPECT_GE(lost, 0.3 * allowed) << terms << " terms";
    }
  }
  EXPECT_EQ(warpgroup_contract(4096).truncation_per_term, 0.6875);
  EXPECT_EQ(warpgroup_contract(1).truncation_per_term, 3.5);
}

/// Why the kernel on wgmma does not take the problem under the emulator.
std::optional<std::string> refusal_of_warpgroups(const char* label) {
  const auto device = make_host_device(DeviceKind::emulated);
  const std::vector<Implementation> list = linear_implementations();
  const auto kernel = std::find_if(list.begin(), list.end(), [](const Implementation& implementation) {
    return implementation.idea == "warpgroup_tensor_core";
  });
  if (kernel == list.end()) return "there is no such kernel";
  return kernel->unsupported(parse_problem("linear.forward", label), *device);
}

TEST(WarpgroupKernels, NeedAGpuWhereTheProblemSuitsThem) {
  const char* const no_gpu = "needs a GPU of compute capability 9.0: the emulator has no wgmma and no TMA";
  EXPECT_EQ(refusal_of_warpgroups("x=64x128,weight=128x128,dtype=bf16"), no_gpu);
  EXPECT_EQ(refusal_of_warpgroups("x=1x3,weight=1x3,dtype=f16"), no_gpu);  // one row has no distance to the next
  EXPECT_EQ(refusal_of_warpgroups("x=64x128,weight=128x128,dtype=f32"),
            "matrix units would round f32 to tf32: tensor_core_tf32 promises that");
  EXPECT_EQ(refusal_of_warpgroups("x=64x12,weight=128x12,dtype=bf16"),
            "x: rows lie 24 bytes apart; asynchronous copies take multiples of 16");
  EXPECT_EQ(refusal_of_warpgroups("x=64x128,weight=128x128,dtype=bf16,layout=unaligned"),
            "asynchronous copies of 16 bytes need aligned tensors");
  EXPECT_EQ(refusal_of_warpgroups("x=0x128,weight=128x128,dtype=bf16"), "the empty layer is for the tiled kernel");
}

TEST(MatrixUnitContract, CountsStepsThatAreNotFull) {
  EXPECT_EQ(matrix_unit_contract(DType::f16, 1, {4096}).truncation_per_term, 1.375);
  EXPECT_EQ(matrix_unit_contract(DType::f32, 1, {4096}).truncation_per_term, 1.75);
  EXPECT_EQ(matrix_unit_contract(DType::bf16, 1, {3}).truncation_per_term, 2.0);       // one step of three
  EXPECT_EQ(matrix_unit_contract(DType::bf16, 1, {64, 12}).truncation_per_term, 1.5);  // two steps for twelve
  EXPECT_EQ(matrix_unit_contract(DType::f32, 1, {64, 6}).truncation_per_term, 2.0);
  EXPECT_EQ(matrix_unit_contract(DType::f32, 1, {8}).operand_roundoff, 0x1p-11);
  EXPECT_EQ(matrix_unit_contract(DType::f16, 1, {8}).operand_roundoff, 0);
}

/// Judges the kernel on matrix units under a contract.
CaseResult judged(const Operator& definition, Implementation implementation, const Problem& problem,
                  ContractFunction contract) {
  if (contract) implementation.contract = contract;
  const auto device = make_host_device(DeviceKind::emulated);
  return verify_case({&definition, &implementation, {problem, "smoke", "test"}}, *device, {});
}

/// The kernel of this direction that says tf32.
Implementation said_tf32(const std::vector<Implementation>& list, Direction direction) {
  return *std::find_if(list.begin(), list.end(), [direction](const Implementation& implementation) {
    return implementation.direction == direction && implementation.idea == "tensor_core_tf32";
  });
}

/// What an f32 kernel does that turns tf32 on without saying so.
TEST(MatrixUnitContract, SilentTf32IsCaught) {
  const auto ieee = [](const Problem&) { return float_accumulation(1); };
  const auto check = [&](const Operator& definition, const std::vector<Implementation>& list,
                         const std::string& operation, const char* label) {
    const Problem problem = parse_problem(operation, label);
    const Implementation kernel = said_tf32(list, problem.direction);
    const CaseResult own = judged(definition, kernel, problem, nullptr);
    EXPECT_EQ(own.outcome, Outcome::passed) << operation << ": " << own.reason;
    EXPECT_LE(own.margins.worst_bound, 1.0);
    const CaseResult silent = judged(definition, kernel, problem, ieee);
    EXPECT_EQ(silent.outcome, Outcome::failed) << operation;
    EXPECT_GT(silent.margins.worst_bound, 4.0) << operation;
  };
  for (const char* way : {"forward", "backward"}) {
    check(linear_operator(), linear_implementations(), std::string("linear.") + way,
          "x=64x128,weight=128x128,dtype=f32");
    check(matmul_operator(), matmul_implementations(), std::string("matmul.") + way, "a=2x24x64,b=2x64x40,dtype=f32");
    check(conv2d_operator(), conv2d_implementations(), std::string("conv2d.") + way,
          "x=2x8x9x7,weight=12x8x3x3,padding=1,dtype=f32");
  }
}

TEST(MatrixUnitContract, RefusesF32WithoutSayingTf32) {
  const auto device = make_host_device(DeviceKind::emulated);
  const Problem problem = parse_problem("linear.forward", "x=64x128,weight=128x128,dtype=f32");
  for (const Implementation& implementation : linear_implementations())
    if (implementation.idea == "tensor_core") {
      EXPECT_EQ(implementation.unsupported(problem, *device),
                "matrix units would round f32 to tf32: tensor_core_tf32 promises that");
    }
}

}  // namespace
}  // namespace lockstep
