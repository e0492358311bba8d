// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/shared/kernel_entry.hpp"
#include "kernels/shared/matrix_view.hpp"

namespace lockstep {

using WorkFunction = std::int64_t (*)(const Problem&);

/// What lists say of a kernel on mma.sync: the problems it does not take whatever the dtype, its contract, and the products
/// of a problem, since the emulator adds them as matrix units do, at some 5 ns each.
struct MatrixUnitTraits {
  UnsupportedFunction unsupported;
  ContractFunction contract;
  WorkFunction products;
};

/// Appends the kernel as two implementations, because f32 loses bits to tf32 and must say so: tensor_core takes f16 and
/// bf16, tensor_core_tf32 takes f32. Declined on GPUs below compute capability 8.0 and, above 2^26 products, on the emulator.
void add_tensor_core_kernels(std::vector<Implementation>& list, Direction direction, KernelEntry entry,
                             const MatrixUnitTraits& traits);
/// Products of one matrix product, its edges filled up to tiles of 64 x 64 and slices of 32.
std::int64_t unit_products(std::int64_t m, std::int64_t n, std::int64_t k);

/// "9.0" of 90, for refusals.
std::string capability_text(int capability);

/// Why matrix units do not take a dtype as it is, or nothing.
std::optional<std::string> not_for_half_units(DType dtype);

inline constexpr const char* kUnalignedForChunks = "asynchronous copies of 16 bytes need aligned tensors";
/// Why the rows of a matrix cannot be copied asynchronously in chunks of 16 bytes, or nothing. `matrix` is laid out as that
/// of the call; its memory is not looked at.
std::optional<std::string> rows_off_chunks(std::string_view name, const MatrixView& matrix);
/// The same for the distances between the matrices of a batch, in elements.
std::optional<std::string> batches_off_chunks(std::string_view name, const Strides& distances, DType dtype);

/// Products in mma.sync: exact, added with truncation, at the largest loss of any generation from compute capability 8.0 on
/// (Ampere's: 8 products, or 4 of tf32, and the accumulator at a time, 24 bits kept). f32 is rounded to tf32.
/// A step that adds r products to a sum loses up to (3 + r) 2^-24 of the sum of magnitudes: 2^-24 for each term cut off, the
/// largest of the r + 1 being whole, and less than 2^-23 where their sum is cut; 2^-24 are to spare. `runs`: lengths of the
/// runs of products that share steps; what is left of a run at its end has a step of its own.
/// `parts`: partial_sums of PrecisionContract, for the parts of split sums and for sums that are no products.
PrecisionContract matrix_unit_contract(DType dtype, std::int64_t parts, std::initializer_list<std::int64_t> runs);

/// What vendors' products promise: f32 is multiplied in f32; f16 and bf16 go through matrix units, which truncate, here at
/// the largest loss of any generation from compute capability 7.5 on (8 products a step, 24 bits).
PrecisionContract vendor_product_contract(const Problem& problem);

/// Parts of a split sum have at least so many terms, inside which only truncation acts.
inline constexpr std::int64_t kTermsOfPart = 128;

}  // namespace lockstep
