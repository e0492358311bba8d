// SPDX-License-Identifier: Apache-2.0
// What the matrix units of a GPU compute. They are not IEEE: of each element of d = a b + d they multiply exactly, align
// a few products and the accumulator to the largest exponent among them, cut each off behind a number of bits, add
// what is left exactly, and cut the sum to float, always towards zero; then the next few products.
// Model: Fasi, Higham, Mikaitis and Pranesh 2021 (PeerJ CS 7:e330); widths: MMA-Sim (arXiv 2511.10909), which reports
// bitwise agreement with the hardware.
#pragma once

namespace lockstep::simt {

/// Generations whose units take mma.m16n8k16 and wider.
enum class MatrixUnits { ampere, hopper };

/// How many products are aligned together with the accumulator, and how many bits behind the binary point of the largest
/// term are kept.
struct TruncatingSum {
  int products, fraction_bits;
};
TruncatingSum sum_of_half_products(MatrixUnits units);
TruncatingSum sum_of_tf32_products(MatrixUnits units);

/// The units that the emulator's launches have, of all threads: ampere unless a scope says otherwise, since these lose
/// more.
MatrixUnits current_matrix_units();

/// Sets the units of all launches of the process until the scope ends; scopes nest on one thread.
class MatrixUnitsScope {
 public:
  explicit MatrixUnitsScope(MatrixUnits units);
  ~MatrixUnitsScope();
  MatrixUnitsScope(const MatrixUnitsScope&) = delete;
  MatrixUnitsScope& operator=(const MatrixUnitsScope&) = delete;

 private:
  MatrixUnits previous_;
};

/// The factors of d [16, 8] += a [16, depth] b [depth, 8] with a depth of 8 or 16, each number as significand 2^(exponent -
/// 10) with up to 11 bits: those of f16, bf16 and tf32 alike.
class TileFactors {
 public:
  static constexpr int kRows = 16, kColumns = 8, kMostDepth = 16;

  /// The values of the factors, to be filled before decode().
  float a[kRows][kMostDepth], b[kMostDepth][kColumns];

  /// `lowest_exponent`: of the format's normal numbers; subnormal ones are held at it, as the units hold them.
  void decode(int depth, int lowest_exponent);

  /// One row of d. A NaN is 0x7fffffff; sums that cancel are +0; what overflows is infinite.
  void multiply_row(int row, float (&d)[kColumns], const TruncatingSum& sum) const;

 private:
  void add_special_products(int row, int first, int last, const float (&before)[kColumns], float (&d)[kColumns]) const;

  int depth_ = 0;
  bool has_special_ = false;  // an infinity or NaN among the factors
  int a_significand_[kRows][kMostDepth], a_exponent_[kRows][kMostDepth];
  int b_significand_[kMostDepth][kColumns], b_exponent_[kMostDepth][kColumns];
};

}  // namespace lockstep::simt
